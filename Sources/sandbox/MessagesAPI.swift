import Countersign
import FoundationEssentials

/// The inbox for tests and people: what was taken, newest first.
struct MessagesAPI {
  private let sandbox: Sandbox

  init(_ sandbox: Sandbox) {
    self.sandbox = sandbox
  }

  private struct Answer: Encodable {
    let messages: [Entry]

    struct Entry: Encodable {
      let id: String
      let provider: String
      let channel: String
      let from: String
      let to: String
      let subject: String?
      let body: String
      let html: String?
      let template: String?
      let templateData: [String: String]?
      let headers: [String: String]?
      let status: String
      let at: Date
    }
  }

  /// GET /api/messages?to=&channel=&limit=
  func list(_ request: Request) throws -> Response {
    let limit = try request.queryValue("limit").flatMap { Int($0) } ?? 50
    guard (1...10_000).contains(limit) else { throw Rejection(.invalidField, field: "limit") }
    // A bare + in a query is a space; people write numbers with one all the same.
    let recipient = try request.queryValue("to").map { text in
      text.hasPrefix(" ") ? "+\(text.dropFirst())" : text
    }
    let found = sandbox.inbox.list(
      to: recipient, channel: try request.queryValue("channel"), limit: limit)
    return try .json(
      Answer(
        messages: found.map {
          Answer.Entry(
            id: $0.id, provider: $0.provider, channel: $0.channel, from: $0.from, to: $0.to,
            subject: $0.subject, body: $0.body, html: $0.html, template: $0.template,
            templateData: $0.templateData, headers: $0.headers,
            status: $0.status, at: $0.at)
        }))
  }

  /// DELETE /api/messages
  func clear(_ request: Request) -> Response {
    sandbox.inbox.clear()
    return .noContent
  }
}
