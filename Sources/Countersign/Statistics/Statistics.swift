package import FoundationEssentials

/// Figures of what was sent, from the counts and never from the messages.
package struct Statistics {
  private let connection: Connection

  package init(_ connection: Connection) {
    self.connection = connection
  }

  /// How many messages of a sort there are, and what became of them.
  package struct Tally: Sendable, Encodable {
    /// Taken by a provider.
    package var sent = 0
    package var delivered = 0
    /// Not delivered, as the provider says, or taken by none.
    package var failed = 0
    /// Of what was sent, the codes.
    package var codes = 0
    /// Codes that were used.
    package var used = 0
    /// In millionths of a US dollar.
    package var microdollars = 0

    mutating func add(_ row: Row) throws {
      let messages = try row.int("messages")
      let status = try row.text("status")
      // What no provider has taken costs nothing.
      if try !row.text("provider").isEmpty {
        sent += messages
        codes += try row.int("codes")
        microdollars += try row.int("price")
      }
      if status == MessageStatus.delivered.rawValue { delivered += messages }
      if [MessageStatus.failed, .undelivered].map(\.rawValue).contains(status) {
        failed += messages
      }
      used += try row.int("used")
    }

    /// Of those whose end is known, how many arrived: `98.7%`.
    package var successRate: String { Self.percent(delivered, of: delivered + failed) }

    /// With one decimal; of nothing nothing.
    package static func percent(_ part: Int, of whole: Int) -> String {
      let thousandths = whole > 0 ? (part * 2_000 + whole) / (whole * 2) : 0
      return "\(thousandths / 10).\(thousandths % 10)%"
    }
  }

  package struct Overview: Sendable {
    /// Text messages since ever.
    package var texts = Tally()
    package var textsByKind: [String: Int] = [:]
    package var lastHour = 0
    package var today = 0
    package var withPhone = 0
    package var verifiedPhones = 0
    package var twoFactor = 0
  }

  package func overview(at now: Date) throws -> Overview {
    var overview = Overview()
    for row in try grouped(
      "kind, provider, status", span: "ever", 0..<Int(Int32.max), ["channel = 'sms'"])
    {
      var tally = Tally()
      try tally.add(row)
      try overview.texts.add(row)
      if tally.sent != 0 { overview.textsByKind[try row.text("kind"), default: 0] += tally.sent }
    }
    let minute = now.minuteDown(1)
    overview.lastHour = try texts(span: "minute", minute - 59..<minute + 1_440)
    let day = now.minuteDown(1_440)
    overview.today = try texts(span: "day", day..<day + 1_440)
    let row = try connection.first(
      """
      SELECT CAST(COALESCE(SUM(with_phone), 0) AS SIGNED) AS with_phone, CAST(COALESCE(SUM(verified), 0) AS SIGNED) AS verified,
             CAST(COALESCE(SUM(two_factor), 0) AS SIGNED) AS two_factor
        FROM account_count
      """)
    overview.withPhone = try row?.int("with_phone") ?? 0
    overview.verifiedPhones = try row?.int("verified") ?? 0
    overview.twoFactor = try row?.int("two_factor") ?? 0
    return overview
  }

  private func texts(span: String, _ minutes: Range<Int>) throws -> Int {
    var tally = Tally()
    for row in try grouped("provider, status", span: span, minutes, ["channel = 'sms'"]) {
      try tally.add(row)
    }
    return tally.sent
  }

  /// What was sent within a time, as it is drawn.
  package struct Period: Sendable {
    package let from: Date
    package let to: Date
    /// Whether a point is an hour or a day.
    package let isByHour: Bool
    package var series: [(at: Date, tally: Tally)] = []
    package var byCountry: [(name: String, tally: Tally)] = []
    package var byProvider: [(name: String, tally: Tally)] = []
    package var byChannel: [(name: String, tally: Tally)] = []
    package var total = Tally()
  }

  /// A stretch of more than three days is drawn by days.
  private static let longestByHour = 72 * 60

  /// - Parameters:
  ///   - from: rounded down to the hour, or to the day where it is drawn by days.
  ///   - to: exclusive, rounded up.
  package func period(from: Date, to: Date) throws -> Period {
    let isByHour = to.minuteUp(60) - from.minuteDown(60) <= Self.longestByHour
    let length = isByHour ? 60 : 1_440
    let minutes = from.minuteDown(length)..<max(to.minuteUp(length), from.minuteDown(length))
    let span = isByHour ? "hour" : "day"
    var period = Period(
      from: Date(minute: minutes.lowerBound), to: Date(minute: minutes.upperBound),
      isByHour: isByHour)
    var points: [Int: Tally] = [:]
    for row in try grouped("start, provider, status", span: span, minutes) {
      // What waits to be added has the minute it was made in.
      try points[row.int("start") / length * length, default: Tally()].add(row)
    }
    for start in stride(from: minutes.lowerBound, to: minutes.upperBound, by: length) {
      period.series.append((Date(minute: start), points[start] ?? Tally()))
    }
    var (countries, providers, channels): ([String: Tally], [String: Tally], [String: Tally]) =
      ([:], [:], [:])
    for row in try grouped("channel, country, provider, status", span: span, minutes) {
      let (country, provider) = (try row.text("country"), try row.text("provider"))
      if !country.isEmpty { try countries[country, default: Tally()].add(row) }
      if !provider.isEmpty { try providers[provider, default: Tally()].add(row) }
      try channels[row.text("channel"), default: Tally()].add(row)
      try period.total.add(row)
    }
    period.byCountry = Self.sorted(countries)
    period.byProvider = Self.sorted(providers)
    period.byChannel = Self.sorted(channels)
    return period
  }

  private static func sorted(_ tallies: [String: Tally]) -> [(name: String, tally: Tally)] {
    tallies.sorted { ($1.value.sent, $0.key) < ($0.value.sent, $1.key) }.map { ($0.key, $0.value) }
  }

  /// Sums by columns, what waits to be added beside what is: one statement, and so of one moment.
  private func grouped(
    _ columns: SQL, span: String, _ minutes: Range<Int>, _ conditions: [SQL] = []
  ) throws(DatabaseError) -> [Row] {
    try connection.all(
      """
      SELECT \(part: columns), CAST(SUM(messages) AS SIGNED) AS messages, CAST(SUM(IF(kind = 'code', messages, 0)) AS SIGNED) AS codes,
             CAST(SUM(used) AS SIGNED) AS used, CAST(SUM(price) AS SIGNED) AS price
        FROM message_count
       WHERE \(all: ["span = \(span)", "start >= \(minutes.lowerBound)", "start < \(minutes.upperBound)"] + conditions)
       GROUP BY \(part: columns)
       UNION ALL
      SELECT \(part: columns), CAST(SUM(messages) AS SIGNED), CAST(SUM(IF(kind = 'code', messages, 0)) AS SIGNED),
             CAST(SUM(used) AS SIGNED), CAST(SUM(price) AS SIGNED)
        FROM (SELECT minute AS start, kind, channel, country, provider, status, messages, used, price
                FROM (\(part: MessageCounts.waiting)) AS moves) AS waiting
       WHERE \(all: ["start >= \(minutes.lowerBound)", "start < \(minutes.upperBound)"] + conditions)
       GROUP BY \(part: columns)
      """)
  }
}
