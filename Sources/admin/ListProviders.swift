import Countersign
import FoundationEssentials

/// GET /api/admin/providers: how each provider fares.
struct ListProviders {
  let providers: Providers

  private struct Answer: Encodable {
    struct Data: Encodable {
      let providers: [Entry]
    }
    struct Entry: Encodable {
      let name: String
      let state: String
      let changedAt: Date?
      let answers: Int
      let failures: Int
      let milliseconds: Int
      let lastFailure: String?
      let lastFailureAt: Date?
      let seenAt: Date?
    }
    let success = true
    let data: Data
  }

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    let entries = try providers.standings().map { name, standing in
      Answer.Entry(
        name: name, state: standing?.state ?? "closed", changedAt: standing?.changedAt,
        answers: standing?.answers ?? 0, failures: standing?.failures ?? 0,
        milliseconds: standing?.milliseconds ?? 0, lastFailure: standing?.lastFailure,
        lastFailureAt: standing?.lastFailureAt, seenAt: standing?.seenAt)
    }
    return try .json(Answer(data: Answer.Data(providers: entries)))
  }
}
