package import FoundationEssentials

/// Keeping the counts of messages.
///
/// The database's triggers write each move of a message down, as what it was counted as and what it counts as, in the transaction
/// of the move (`message_move`). The courier adds that to the counts now and then; whoever
/// reads adds what waits, in the same statement, and so is exact at any moment.
package struct MessageCounts {
  private let connection: Connection

  package init(_ connection: Connection) {
    self.connection = connection
  }

  /// What waits to be added, as rows of what is more and what is less.
  static let waiting: SQL = """
    SELECT minute, kind, channel, country, new_provider AS provider, new_status AS status, messages, new_used AS used,
           new_price AS price
      FROM message_move
     UNION ALL
    SELECT minute, kind, channel, country, old_provider, old_status, -messages, -old_used, -old_price
      FROM message_move
     WHERE old_status <> ''
    """

  // MARK: Adding what has moved

  /// Adds what waits to the counts, a connection's rows in a transaction.
  package func add() throws {
    for row in try connection.all("SELECT DISTINCT shard FROM message_move") {
      let shard = try row.int("shard")
      try connection.transaction { try add(shard: shard) }
    }
  }

  /// What is locked just now is a move that is not committed: it is left for the next time, since whoever holds it may wait for
  /// what is held here.
  private func add(shard: Int) throws {
    let rows = try connection.all(
      """
      SELECT minute, kind, channel, country, old_provider, old_status, new_provider, new_status, messages, old_used,
             new_used, old_price, new_price
        FROM message_move
       WHERE shard = \(shard)
         FOR UPDATE SKIP LOCKED
      """)
    var sums: [Place: Sum] = [:]
    for row in rows {
      let minute = try row.int("minute")
      let (old, new) = (try Sort(row, "old"), try Sort(row, "new"))
      for span in Span.all(of: minute) {
        if !old.status.isEmpty {
          try sums[Place(span: span, sort: span.isBrief ? old.brief : old), default: Sum()]
            .add(row, "old", sign: -1)
        }
        try sums[Place(span: span, sort: span.isBrief ? new.brief : new), default: Sum()]
          .add(row, "new", sign: 1)
      }
      // By its key: what another statement has put beside it meanwhile stays.
      try connection.execute(
        """
        DELETE FROM message_move
         WHERE shard = \(shard)
           AND minute = \(minute)
           AND kind = \(new.kind)
           AND channel = \(new.channel)
           AND country = \(new.country)
           AND old_provider = \(old.provider)
           AND old_status = \(old.status)
           AND new_provider = \(new.provider)
           AND new_status = \(new.status)
        """)
    }
    // Always in the same order, or two couriers could wait for each other.
    for (place, sum) in sums.sorted(by: { $0.key.order < $1.key.order }) where !sum.isNothing {
      try add(sum, place)
    }
  }

  private func add(_ sum: Sum, _ place: Place) throws(DatabaseError) {
    let (span, sort) = (place.span, place.sort)
    try connection.execute(
      """
      INSERT INTO message_count (span, start, kind, channel, country, provider, status, messages, used, price)
      VALUES (\(span.name), \(span.start), \(sort.kind), \(sort.channel), \(sort.country), \(sort.provider),
              \(sort.status), \(sum.messages), \(sum.used), \(sum.price))
          ON DUPLICATE KEY UPDATE
             messages = messages + VALUES(messages), used = used + VALUES(used), price = price + VALUES(price)
      """)
  }

  /// A row of the counts.
  private struct Place: Hashable {
    let span: Span
    let sort: Sort

    var order: String {
      "\(span.name) \(span.start) \(sort.kind) \(sort.channel) \(sort.country) \(sort.provider) \(sort.status)"
    }
  }

  /// What is added to it.
  private struct Sum {
    var messages = 0
    var used = 0
    var price = 0

    var isNothing: Bool { messages == 0 && used == 0 && price == 0 }

    mutating func add(_ row: Row, _ side: String, sign: Int) throws {
      messages += try sign * row.int("messages")
      used += try sign * row.int("\(side)_used")
      price += try sign * row.int("\(side)_price")
    }
  }

  /// A stretch of time that is counted by itself.
  private struct Span: Hashable {
    let name: String
    /// Minutes since 1970.
    let start: Int

    /// Without kind and country: what is read by the minute is how much there is.
    var isBrief: Bool { name == "minute" }

    static func all(of minute: Int) -> [Span] {
      [
        Span(name: "ever", start: 0), Span(name: "day", start: minute / 1_440 * 1_440),
        Span(name: "hour", start: minute / 60 * 60), Span(name: "minute", start: minute),
      ]
    }
  }

  private struct Sort: Hashable {
    var kind: String
    let channel: String
    var country: String
    let provider: String
    let status: String

    init(_ row: Row, _ side: String) throws {
      kind = try row.text("kind")
      channel = try row.text("channel")
      country = try row.text("country")
      provider = try row.text("\(side)_provider")
      status = try row.text("\(side)_status")
    }

    var brief: Sort {
      var sort = self
      (sort.kind, sort.country) = ("", "")
      return sort
    }
  }

  /// Removes the minutes that nobody looks at any more, and counts of what has become something else.
  package func purge(at now: Date) throws(DatabaseError) -> Int {
    let before = Int(now.timeIntervalSince1970) / 60 - 2 * 1_440
    return try connection.execute(
      "DELETE FROM message_count WHERE span = 'minute' AND start < \(before) LIMIT 10000")
      + connection.execute(
        "DELETE FROM message_count WHERE messages = 0 AND used = 0 AND price = 0 LIMIT 10000")
  }

  // MARK: Counting anew

  /// How many sorts of messages are counted wrong, looking at every message there is.
  ///
  /// Each comparison is one statement, and so of one moment, whatever is sent meanwhile.
  package func wrongSorts() throws -> Int {
    var wrong = 0
    for difference in [Self.hoursWrong, Self.daysWrong, Self.everWrong, Self.minutesWrong] {
      let row = try connection.first("SELECT COUNT(*) AS wrong FROM (\(part: difference)) AS w")
      wrong += try row?.int("wrong") ?? 0
    }
    let accounts = try connection.first(
      "SELECT COUNT(*) AS wrong FROM (\(part: Self.accountsWrong)) AS w WHERE accounts <> 0 OR with_phone <> 0 OR verified <> 0 OR two_factor <> 0"
    )
    return try wrong + (accounts?.int("wrong") ?? 0)
  }

  /// Counts every message and every account anew, and corrects the counts by what differs, while everything runs.
  package func correct() throws {
    for difference in [Self.hoursWrong, Self.daysWrong, Self.everWrong, Self.minutesWrong] {
      try correct(by: difference)
    }
    try connection.execute(
      """
      INSERT INTO account_count (shard, accounts, with_phone, verified, two_factor)
      SELECT 0, accounts, with_phone, verified, two_factor
        FROM (\(part: Self.accountsWrong)) AS difference
          ON DUPLICATE KEY UPDATE
             accounts = account_count.accounts + VALUES(accounts), with_phone = account_count.with_phone + VALUES(with_phone),
             verified = account_count.verified + VALUES(verified), two_factor = account_count.two_factor + VALUES(two_factor)
      """)
  }

  private func correct(by difference: SQL) throws {
    try connection.execute(
      """
      INSERT INTO message_count (span, start, kind, channel, country, provider, status, messages, used, price)
      SELECT span, start, kind, channel, country, provider, status, messages, used, price
        FROM (\(part: difference)) AS difference
          ON DUPLICATE KEY UPDATE
             messages = message_count.messages + VALUES(messages), used = message_count.used + VALUES(used),
             price = message_count.price + VALUES(price)
      """)
  }

  /// What the messages are more than the hours and what waits to be added to them.
  private static let hoursWrong: SQL = """
    SELECT 'hour' AS span, start, kind, channel, country, provider, status,
           CAST(SUM(messages) AS SIGNED) AS messages, CAST(SUM(used) AS SIGNED) AS used, CAST(SUM(price) AS SIGNED) AS price
      FROM (SELECT TIMESTAMPDIFF(HOUR, '1970-01-01', created_at) * 60 AS start, kind, channel, COALESCE(country, '') AS country,
                   COALESCE(provider, '') AS provider, IF(status = 'sending', 'queued', status) AS status,
                   COUNT(*) AS messages, COUNT(used_at) AS used, COALESCE(SUM(price), 0) AS price
              FROM message
             GROUP BY 1, 2, 3, 4, 5, 6
             UNION ALL
            SELECT start, kind, channel, country, provider, status, -messages, -used, -price
              FROM message_count
             WHERE span = 'hour'
             UNION ALL
            SELECT minute DIV 60 * 60, kind, channel, country, provider, status, -messages, -used, -price
              FROM (\(part: waiting)) AS waiting) AS both_sides
     GROUP BY start, kind, channel, country, provider, status
    HAVING SUM(messages) <> 0 OR SUM(used) <> 0 OR SUM(price) <> 0
    """

  private static let daysWrong: SQL = """
    SELECT 'day' AS span, start, kind, channel, country, provider, status,
           CAST(SUM(messages) AS SIGNED) AS messages, CAST(SUM(used) AS SIGNED) AS used, CAST(SUM(price) AS SIGNED) AS price
      FROM (SELECT start DIV 1440 * 1440 AS start, kind, channel, country, provider, status, messages, used, price
              FROM message_count
             WHERE span = 'hour'
             UNION ALL
            SELECT start, kind, channel, country, provider, status, -messages, -used, -price
              FROM message_count
             WHERE span = 'day') AS both_sides
     GROUP BY start, kind, channel, country, provider, status
    HAVING SUM(messages) <> 0 OR SUM(used) <> 0 OR SUM(price) <> 0
    """

  private static let everWrong: SQL = """
    SELECT 'ever' AS span, 0 AS start, kind, channel, country, provider, status,
           CAST(SUM(messages) AS SIGNED) AS messages, CAST(SUM(used) AS SIGNED) AS used, CAST(SUM(price) AS SIGNED) AS price
      FROM (SELECT kind, channel, country, provider, status, messages, used, price
              FROM message_count
             WHERE span = 'day'
             UNION ALL
            SELECT kind, channel, country, provider, status, -messages, -used, -price
              FROM message_count
             WHERE span = 'ever') AS both_sides
     GROUP BY kind, channel, country, provider, status
    HAVING SUM(messages) <> 0 OR SUM(used) <> 0 OR SUM(price) <> 0
    """

  /// Of the last hour and a half, which is what is read by the minute.
  private static let minutesWrong: SQL = """
    SELECT 'minute' AS span, start, '' AS kind, channel, '' AS country, provider, status,
           CAST(SUM(messages) AS SIGNED) AS messages, CAST(SUM(used) AS SIGNED) AS used, CAST(SUM(price) AS SIGNED) AS price
      FROM (SELECT TIMESTAMPDIFF(MINUTE, '1970-01-01', created_at) AS start, channel, COALESCE(provider, '') AS provider,
                   IF(status = 'sending', 'queued', status) AS status, COUNT(*) AS messages, COUNT(used_at) AS used,
                   COALESCE(SUM(price), 0) AS price
              FROM message
             WHERE id >= UNHEX(CONCAT(LPAD(HEX((TIMESTAMPDIFF(MINUTE, '1970-01-01', UTC_TIMESTAMP()) - 90) * 60000), 12, '0'), REPEAT('0', 20)))
             GROUP BY 1, 2, 3, 4
             UNION ALL
            SELECT start, channel, provider, status, -messages, -used, -price
              FROM message_count
             WHERE span = 'minute'
               AND start >= TIMESTAMPDIFF(MINUTE, '1970-01-01', UTC_TIMESTAMP()) - 90
             UNION ALL
            SELECT minute, channel, provider, status, -messages, -used, -price
              FROM (\(part: waiting)) AS waiting
             WHERE minute >= TIMESTAMPDIFF(MINUTE, '1970-01-01', UTC_TIMESTAMP()) - 90) AS both_sides
     GROUP BY start, channel, provider, status
    HAVING SUM(messages) <> 0 OR SUM(used) <> 0 OR SUM(price) <> 0
    """

  private static let accountsWrong: SQL = """
    SELECT CAST(SUM(accounts) AS SIGNED) AS accounts, CAST(SUM(with_phone) AS SIGNED) AS with_phone,
           CAST(SUM(verified) AS SIGNED) AS verified, CAST(SUM(two_factor) AS SIGNED) AS two_factor
      FROM (SELECT COUNT(*) AS accounts, COUNT(phone_hash) AS with_phone, COUNT(phone_verified_at) AS verified,
                   COUNT(second_factor) AS two_factor
              FROM account
             UNION ALL
            SELECT -accounts, -with_phone, -verified, -two_factor
              FROM account_count) AS both_sides
    """
}
