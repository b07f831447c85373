import Countersign
import FoundationEssentials

/// GET /api/admin/alerts: what an operator has to know of, newest first.
struct ListAlerts {
  let alerts: Alerts

  private struct Answer: Encodable {
    struct Entry: Encodable {
      let id: Identifier<Alerts>
      let kind: String
      let severity: String
      let detail: String
      let messageId: OutgoingMessage.ID?
      let times: Int
      let createdAt: Date
      let lastAt: Date?
      let resolvedAt: Date?
      let resolution: String?
    }
    struct Data: Encodable {
      let alerts: [Entry]
      let nextCursor: OrNull<Identifier<Alerts>>
    }
    let success = true
    let data: Data
  }

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    let status = try request.queryValue("status") ?? "open"
    guard ["open", "resolved"].contains(status) else {
      throw Rejection(.invalidField, field: "status")
    }
    let kind = try request.queryValue("kind").flatMap { $0.isEmpty ? nil : $0 }
    let isWord = kind?.utf8.allSatisfy { $0 == UInt8(ascii: "_") || (97...122).contains($0) }
    guard isWord ?? true else { throw Rejection(.invalidField, field: "kind") }
    let limit = try request.limit(50, atMost: 200)
    let found = try alerts.list(
      isOpen: status == "open", kind: kind, before: try request.id("cursor"), limit: limit + 1)
    let page = found.prefix(limit)
    return try .json(
      Answer(
        data: Answer.Data(
          alerts: page.map {
            Answer.Entry(
              id: $0.id, kind: $0.kind, severity: $0.severity, detail: $0.detail,
              messageId: $0.message, times: $0.times, createdAt: $0.createdAt, lastAt: $0.lastAt,
              resolvedAt: $0.resolvedAt, resolution: $0.resolution)
          }, nextCursor: OrNull(found.count > limit ? page.last?.id : nil))))
  }
}

/// POST /api/admin/alerts/{id}/resolve
struct ResolveAlert {
  let oversight: Oversight

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    let id: Identifier<Alerts> = try request.pathID()
    let body: ReasonBody = try request.decode()
    try oversight.resolve(id, try Reason(body.reason), by: admin)
    return try .json(Done(message: "The alert is resolved."))
  }
}
