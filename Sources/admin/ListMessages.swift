import Countersign
import FoundationEssentials

/// GET /api/admin/sms/sms-logs: messages, newest first, by what is known of them.
///
/// No text is shown, and of a number its end, unless a single message's is asked for (`reveal`).
struct ListMessages {
  let messages: MessageLog
  let query: MessageQuery
  let users: UserDirectory
  let oversight: Oversight

  private static let deepestOffset = 10_000

  private struct Answer: Encodable {
    struct Data: Encodable {
      let logs: [Entry]
      let pagination: Pagination
      let stats: [Count]
    }
    struct Pagination: Encodable {
      let total: Int
      /// False where there are more than were counted.
      let isTotalExact: Bool
      let limit: Int
      let offset: Int
      let hasMore: Bool
      let nextCursor: OrNull<OutgoingMessage.ID>
    }
    struct Count: Encodable {
      let type: String
      let count: Int
    }
    struct Entry: Encodable {
      let id: OutgoingMessage.ID
      let type: String
      let channel: OutgoingMessage.Channel
      let status: MessageStatus
      let userId: Account.ID?
      let userEmail: String?
      let phone: String?
      let email: String?
      let country: String?
      let provider: String?
      let providerMessageId: String?
      let errorCode: String?
      let failure: String?
      let segments: Int?
      let microdollars: Int?
      let isPriceKnown: Bool
      let attempts: Int
      let codeUsed: Bool
      let createdAt: Date
      let sentAt: Date?
      let finishedAt: Date?
    }
    let success = true
    let data: Data
  }

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    if let revealed = try request.queryValue("reveal"), !revealed.isEmpty {
      return try reveal(revealed, request, by: admin)
    }
    let filter = try query.filter(request)
    let limit = try request.limit(50, atMost: 500)
    var offset = 0
    if let text = try request.queryValue("offset") {
      guard let number = Int(text), (0...Self.deepestOffset).contains(number) else {
        throw Rejection(.invalidField, field: "offset")
      }
      offset = number
    }
    let cursor: OutgoingMessage.ID? = try request.id("cursor")
    var details = try query.summary(request, filter)
    details["cursor"] = cursor?.description
    if offset > 0 { details["offset"] = "\(offset)" }
    let target = try filter.account.flatMap { try users.target($0) }
    try oversight.look(AuditEvent(.messagesViewed, about: target, details: details), by: admin)
    let found = try messages.page(filter, before: cursor, offset: offset, limit: limit + 1)
    let page = found.prefix(limit)
    let counted = try messages.byKind(filter)
    let hasMore = found.count > limit
    return try answer(
      page.map { entry($0, whole: false) },
      Answer.Pagination(
        total: counted.counts.values.reduce(0, +), isTotalExact: counted.isAll, limit: limit,
        offset: offset, hasMore: hasMore, nextCursor: OrNull(hasMore ? page.last?.id : nil)),
      counted.counts)
  }

  /// One message, with the whole number that it went to.
  private func reveal(_ text: String, _ request: Request, by admin: Administrator) throws
    -> Response
  {
    guard let id = OutgoingMessage.ID(text) else { throw Rejection(.invalidField, field: "reveal") }
    let reason = try Reason(try request.queryValue("reason"))
    guard let found = try messages.find(id) else { throw Rejection(.notFound) }
    let target = found.account.flatMap { account in
      found.accountEmail.map { AuditEvent.Target(id: account, email: $0) }
    }
    try oversight.reveal(id, of: target, reason, by: admin)
    return try answer(
      [entry(found, whole: true)],
      Answer.Pagination(
        total: 1, isTotalExact: true, limit: 1, offset: 0, hasMore: false, nextCursor: OrNull(nil)),
      [found.kind: 1])
  }

  private func answer(
    _ entries: [Answer.Entry], _ pagination: Answer.Pagination, _ counts: [String: Int]
  ) throws -> Response {
    let stats = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
      Answer.Count(type: $0.key, count: $0.value)
    }
    return try .json(
      Answer(data: Answer.Data(logs: entries, pagination: pagination, stats: stats)))
  }

  private func entry(_ entry: MessageLog.Entry, whole: Bool) -> Answer.Entry {
    let to = whole ? messages.destination(of: entry) : messages.maskedDestination(of: entry)
    return Answer.Entry(
      id: entry.id, type: entry.kind, channel: entry.channel, status: entry.status,
      userId: entry.account, userEmail: entry.accountEmail,
      phone: entry.channel == .email ? nil : to, email: entry.channel == .email ? to : nil,
      country: entry.country, provider: entry.provider, providerMessageId: entry.providerID,
      errorCode: entry.errorCode, failure: entry.failure, segments: entry.segments,
      microdollars: entry.price, isPriceKnown: entry.isPriceKnown, attempts: entry.attempts,
      codeUsed: entry.usedAt != nil, createdAt: entry.createdAt, sentAt: entry.sentAt,
      finishedAt: entry.finishedAt)
  }
}
