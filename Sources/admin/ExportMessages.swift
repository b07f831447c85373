import Countersign
import FoundationEssentials

/// GET /api/admin/sms/sms-logs/export: the same messages as CSV (RFC 4180), newest first, a page at a time.
struct ExportMessages {
  let messages: MessageLog
  let query: MessageQuery
  let oversight: Oversight

  private static let pageLength = 500

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    let filter = try query.filter(request)
    var left = try request.limit(100_000, atMost: 1_000_000)
    var cursor: OutgoingMessage.ID? = try request.id("cursor")
    try oversight.export(
      AuditEvent(
        .messagesExported,
        details: try query.summary(request, filter).merging(["limit": "\(left)"]) { $1 }),
      by: admin)
    var response = Response(
      .ok, contentType: "text/csv; charset=utf-8; header=present",
      headers: [("Content-Disposition", "attachment; filename=\"messages.csv\"")])
    response.body = CSV.line([
      "id", "created_at", "type", "channel", "status", "user_id", "user_email", "to", "country",
      "provider", "provider_message_id", "error_code", "failure", "segments", "microdollars",
      "code_used", "sent_at", "finished_at",
    ])
    response.rest = Response.Rest {
      guard left > 0 else { return nil }
      let page = try messages.page(filter, before: cursor, limit: min(left, Self.pageLength))
      guard let last = page.last else { return nil }
      cursor = last.id
      left -= page.count
      return page.flatMap(line)
    }
    return response
  }

  private func line(_ entry: MessageLog.Entry) -> [UInt8] {
    CSV.line([
      entry.id.description, entry.createdAt.rfc3339, entry.kind, entry.channel.rawValue,
      entry.status.rawValue, entry.account?.description ?? "",
      entry.accountEmail.map(EmailAddress.masked) ?? "",
      messages.maskedDestination(of: entry) ?? "", entry.country ?? "", entry.provider ?? "",
      entry.providerID ?? "", entry.errorCode ?? "", entry.failure ?? "",
      entry.segments.map(String.init) ?? "", entry.price.map(String.init) ?? "",
      entry.usedAt == nil ? "no" : "yes", entry.sentAt?.rfc3339 ?? "",
      entry.finishedAt?.rfc3339 ?? "",
    ])
  }
}

/// Comma-separated values for programs that take what begins like a formula for one.
enum CSV {
  /// A line; every field is quoted, and one that a spreadsheet would calculate begins with an apostrophe (CWE-1236).
  static func line(_ fields: [String]) -> [UInt8] {
    Array((fields.map(field).joined(separator: ",") + "\r\n").utf8)
  }

  private static func field(_ text: String) -> String {
    var quoted = "\""
    if let first = text.unicodeScalars.first, "=+-@\t\r\n\u{0}＝＋－＠".unicodeScalars.contains(first) {
      quoted += "'"
    }
    for character in text.unicodeScalars {
      if character == "\"" { quoted += "\"" }
      quoted.unicodeScalars.append(character)
    }
    return quoted + "\""
  }
}
