import Countersign
import FoundationEssentials

/// GET /api/admin/security-log: what administrators did, newest first; and all of it as JSON lines.
struct SecurityLog {
  let audit: Audit
  let oversight: Oversight

  private static let pageLength = 500

  private struct Answer: Encodable {
    struct Data: Encodable {
      let entries: [AuditLine]
      let nextCursor: OrNull<String>
    }
    let success = true
    let data: Data
  }

  private func filter(_ request: Request) throws -> AuditFilter {
    var filter = AuditFilter()
    filter.account = try request.id("userId")
    if let event = try request.queryValue("eventType"), !event.isEmpty {
      guard AuditEvent.Kind(rawValue: event) != nil else {
        throw Rejection(.invalidField, field: "eventType")
      }
      filter.event = event
    }
    if let severity = try request.queryValue("severity"), !severity.isEmpty {
      guard ["info", "warning", "critical"].contains(severity) else {
        throw Rejection(.invalidField, field: "severity")
      }
      filter.severity = severity
    }
    filter.from = try request.time("from")
    filter.to = try request.time("to")
    return filter
  }

  private func cursor(_ request: Request) throws -> Int? {
    guard let text = try request.queryValue("cursor"), !text.isEmpty else { return nil }
    guard let sequence = Int(text), sequence > 0 else {
      throw Rejection(.invalidField, field: "cursor")
    }
    return sequence
  }

  func list(_ request: Request, by admin: Administrator) throws -> Response {
    let filter = try filter(request)
    let limit = try request.limit(50, atMost: 200)
    let cursor = try cursor(request)
    var details: [String: String] = [:]
    details["userId"] = filter.account?.description
    details["eventType"] = filter.event
    details["cursor"] = cursor.map { "\($0)" }
    try oversight.look(AuditEvent(.securityLogViewed, details: details), by: admin)
    let found = try audit.list(filter, before: cursor, limit: limit + 1)
    let page = found.prefix(limit)
    return try .json(
      Answer(
        data: Answer.Data(
          entries: page.map(AuditLine.init),
          nextCursor: OrNull(found.count > limit ? page.last.map { "\($0.sequence)" } : nil))))
  }

  func export(_ request: Request, by admin: Administrator) throws -> Response {
    try oversight.export(AuditEvent(.securityLogExported), by: admin)
    var last = 0
    var response = Response(
      .ok, contentType: "application/x-ndjson",
      headers: [("Content-Disposition", "attachment; filename=\"security-log.jsonl\"")])
    response.rest = Response.Rest {
      let page = try audit.page(after: last, limit: Self.pageLength)
      guard let end = page.last else { return nil }
      last = end.sequence
      return try page.flatMap { try AuditLine($0).line }
    }
    return response
  }
}
