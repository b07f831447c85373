import FoundationEssentials

/// The SQL of looking for messages.
struct MessageLogStore {
  let connection: Connection
  let phones: PhoneVault

  // MARK: Pages

  /// Messages made before one, newest first. Ids begin with the time, so that one is a place in it.
  func page(
    _ filter: MessageFilter, before cursor: OutgoingMessage.ID?, offset: Int, limit: Int
  ) throws -> [MessageLog.Entry] {
    var conditions = try filter.conditions(phones)
    var (from, to) = (filter.from, filter.to)
    if filter.isOfSorts, filter.from == nil || filter.to == nil, !filter.countedSort.isEmpty {
      // Where there is nothing of a sort, nothing is looked through for it.
      guard let days = try days(of: filter) else { return [] }
      from = max(from ?? days.lowerBound, days.lowerBound)
      to = min(to ?? days.upperBound, days.upperBound)
    }
    if let from { conditions.append("message.id >= \(Self.first(at: from))") }
    if let to { conditions.append("message.id < \(Self.first(at: to))") }
    if let cursor { conditions.append("message.id < \(cursor)") }
    if conditions.isEmpty { conditions = ["TRUE"] }
    return try entries(conditions, filter.order, offset: offset, limit: limit)
  }

  func find(_ id: OutgoingMessage.ID) throws -> MessageLog.Entry? {
    try entries(["message.id = \(id)"], offset: 0, limit: 1).first
  }

  private func entries(
    _ conditions: [SQL], _ order: SQL = "", offset: Int, limit: Int
  ) throws -> [MessageLog.Entry] {
    try connection.all(
      """
      SELECT message.id, kind, channel, account_id, email, destination_sealed, country, segments, price, is_price_known,
             provider, provider_sid, status, error_code, failure, attempts, message.created_at, sent_at, finished_at, used_at
        FROM (SELECT id
                FROM message \(part: order)
               WHERE \(all: conditions)
               ORDER BY id DESC
               LIMIT \(limit)
              OFFSET \(offset)) AS page
        JOIN message ON message.id = page.id
        LEFT JOIN account ON account.id = message.account_id
       ORDER BY message.id DESC
      """
    ).map(Self.entry)
  }

  private static func entry(_ row: Row) throws -> MessageLog.Entry {
    let channel = OutgoingMessage.Channel(rawValue: try row.text("channel")) ?? .sms
    return MessageLog.Entry(
      id: try row.id("id"), kind: try row.text("kind"), channel: channel,
      account: try row.optionalBytes("account_id").flatMap { Identifier(bytes: $0) },
      accountEmail: try row.optionalText("email"),
      destinationSealed: try row.bytes("destination_sealed"),
      country: try row.optionalText("country"), segments: try row.optionalInt("segments"),
      price: try row.optionalInt("price"), isPriceKnown: try row.bool("is_price_known"),
      provider: try row.optionalText("provider"),
      providerID: try row.optionalText("provider_sid"),
      status: MessageStatus(rawValue: try row.text("status")) ?? .unknown,
      errorCode: try row.optionalText("error_code"), failure: try row.optionalText("failure"),
      attempts: try row.int("attempts"), createdAt: try row.time("created_at"),
      sentAt: try row.optionalTime("sent_at"), finishedAt: try row.optionalTime("finished_at"),
      usedAt: try row.optionalTime("used_at"))
  }

  /// The least id of a time.
  static func first(at time: Date) -> [UInt8] {
    Array(Identifier<OutgoingMessage>(at: time).bytes.prefix(6)) + Array(repeating: 0, count: 10)
  }

  /// From the first day on which there is something of a sort to the end of the last one.
  private func days(of filter: MessageFilter) throws -> Range<Date>? {
    let conditions = filter.countedSort + ["messages > 0"]
    let row = try connection.first(
      """
      SELECT MIN(start) AS first, MAX(start) AS last
        FROM (SELECT start
                FROM message_count
               WHERE span = 'day'
                 AND \(all: conditions)
               UNION ALL
              SELECT minute DIV 1440 * 1440
                FROM (\(part: MessageCounts.waiting)) AS waiting
               WHERE \(all: conditions)) AS days
      """)
    guard let row, let first = try row.optionalInt("first"), let last = try row.optionalInt("last")
    else { return nil }
    return Date(minute: first)..<Date(minute: last + 1_440)
  }

  // MARK: Counts

  /// How many messages there are, by kind, and whether there are more than were counted.
  func byKind(_ filter: MessageFilter) throws -> (counts: [String: Int], isAll: Bool) {
    guard filter.isOfSorts else {
      return try counted(filter, filter.from, filter.to)
    }
    var sums: [String: Int] = [:]
    var isAll = true
    for part in TimeSpans.parts(from: filter.from, to: filter.to) {
      switch part {
      case .counted(let span, let minutes):
        sums.merge(try sum(filter, span, minutes)) { $0 + $1 }
      case .looked(let range):
        let found = try counted(filter, range.lowerBound, range.upperBound)
        sums.merge(found.counts) { $0 + $1 }
        isAll = isAll && found.isAll
      }
    }
    return (sums.filter { $0.value != 0 }, isAll)
  }

  private func sum(_ filter: MessageFilter, _ span: String, _ minutes: Range<Int>) throws
    -> [String:
    Int]
  {
    let conditions = filter.countedSort
    let all: [SQL] = conditions.isEmpty ? ["TRUE"] : conditions
    var sums: [String: Int] = [:]
    for row in try connection.all(
      """
      SELECT kind, CAST(SUM(messages) AS SIGNED) AS messages
        FROM message_count
       WHERE span = \(span)
         AND start >= \(minutes.lowerBound)
         AND start < \(minutes.upperBound)
         AND \(all: all)
       GROUP BY kind
       UNION ALL
      SELECT kind, CAST(SUM(messages) AS SIGNED)
        FROM (\(part: MessageCounts.waiting)) AS waiting
       WHERE minute >= \(minutes.lowerBound)
         AND minute < \(minutes.upperBound)
         AND \(all: all)
       GROUP BY kind
      """)
    {
      sums[try row.text("kind"), default: 0] += try row.int("messages")
    }
    return sums
  }

  /// So many of an account or a number are counted one by one, and no more; of those that share their last digits, so many.
  private static let countedAtMost = 100_000
  private static let endingsCountedAtMost = 5_000

  private func counted(_ filter: MessageFilter, _ from: Date?, _ to: Date?) throws -> (
    counts: [String: Int], isAll: Bool
  ) {
    var conditions = try filter.conditions(phones)
    if let from { conditions.append("id >= \(Self.first(at: from))") }
    if let to { conditions.append("id < \(Self.first(at: to))") }
    var counts: [String: Int] = [:]
    let most = filter.isOfEndings ? Self.endingsCountedAtMost : Self.countedAtMost
    for row in try connection.all(
      """
      SELECT kind, COUNT(*) AS messages
        FROM (SELECT kind
                FROM message
               WHERE \(all: conditions)
               LIMIT \(most + 1)) AS found
       GROUP BY kind
      """)
    {
      counts[try row.text("kind")] = try row.int("messages")
    }
    return (counts, counts.values.reduce(0, +) <= most)
  }
}

/// How a stretch of time is put together from the spans that are counted.
enum TimeSpans {
  enum Part: Equatable {
    /// Whole spans of a name; minutes since 1970.
    case counted(String, Range<Int>)
    /// Less than an hour, in which every message is looked at.
    case looked(Range<Date>)
  }

  /// Whole days, whole hours around them, and what is left at the ends.
  static func parts(from: Date?, to: Date?) -> [Part] {
    if from == nil, to == nil { return [.counted("ever", 0..<Int(Int32.max))] }
    let start = from ?? Date(minute: 0)
    // Beyond the end of time nothing was made.
    let end = to ?? Date(minute: Int(Int32.max) / 1_440 * 1_440)
    guard start < end else { return [] }
    let (firstHour, lastHour) = (start.minuteUp(60), end.minuteDown(60))
    guard firstHour <= lastHour else { return [.looked(start..<end)] }
    var parts: [Part] = []
    if start < Date(minute: firstHour) { parts.append(.looked(start..<Date(minute: firstHour))) }
    let (firstDay, lastDay) = (start.minuteUp(1_440), end.minuteDown(1_440))
    if firstDay < lastDay {
      if firstHour < firstDay { parts.append(.counted("hour", firstHour..<firstDay)) }
      parts.append(.counted("day", firstDay..<lastDay))
      if lastDay < lastHour { parts.append(.counted("hour", lastDay..<lastHour)) }
    } else if firstHour < lastHour {
      parts.append(.counted("hour", firstHour..<lastHour))
    }
    if Date(minute: lastHour) < end { parts.append(.looked(Date(minute: lastHour)..<end)) }
    return parts
  }
}

extension Date {
  init(minute: Int) { self.init(timeIntervalSince1970: Double(minute) * 60) }

  /// Minutes since 1970 at the beginning of the span of so many minutes that holds this.
  func minuteDown(_ length: Int) -> Int {
    Int((timeIntervalSince1970 / 60).rounded(.down)) / length * length
  }

  /// The same, of the first span that begins no earlier than this.
  func minuteUp(_ length: Int) -> Int {
    let down = minuteDown(length)
    return Date(minute: down) < self ? down + length : down
  }
}
