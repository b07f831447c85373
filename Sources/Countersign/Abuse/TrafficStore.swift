import FoundationEssentials

/// The SQL of traffic.
struct TrafficStore {
  let connection: Connection

  /// What one code adds.
  struct Addition {
    /// Nought for a request that sends nothing, and must not be told from one that does.
    let sent: Int
    /// In millionths of a US dollar.
    let cost: Int
    let isToUnproven: Bool
  }

  /// Adds to scopes, and returns each as it is then, in their order; called last in the transaction
  /// of the send, which is undone when it was too much.
  ///
  /// A clock that went back, or is another host's, adds to the newest hour, day, and span there are:
  /// no count falls because of it.
  func add(_ addition: Addition, to scopes: [Traffic.Scope], at now: Date) throws -> [Traffic] {
    let unproven = addition.isToUnproven ? addition.sent : 0
    let rows = scopes.map { scope -> [SQLValue] in
      [
        Traffic.hour(now), addition.sent, Traffic.day(now), addition.sent, addition.cost,
        Traffic.span(now), unproven,
      ].reduce(into: [.text(scope.text)]) { $0.append($1.sqlValue) }
        + [unproven > 0 ? .time(now.microseconds) : .null]
    }
    // Assignments run from left to right: each count is moved on before the number of its period is.
    return try connection.all(
      """
      INSERT INTO traffic (scope, hour, hour_sent, day, day_sent, day_cost, span, span_sent, last_sent_at)
      VALUES \(rows: rows)
          ON DUPLICATE KEY UPDATE
             previous_hour_sent = CASE WHEN VALUES(hour) <= hour THEN previous_hour_sent
                                       WHEN VALUES(hour) = hour + 1 THEN hour_sent ELSE 0 END,
             hour_sent = IF(VALUES(hour) <= hour, hour_sent, 0) + VALUES(hour_sent),
             hour = GREATEST(hour, VALUES(hour)),
             day_sent = IF(VALUES(day) <= day, day_sent, 0) + VALUES(day_sent),
             day_cost = IF(VALUES(day) <= day, day_cost, 0) + VALUES(day_cost),
             day = GREATEST(day, VALUES(day)),
             older_sent = IF(VALUES(span) <= span, older_sent,
                              ROUND((older_sent + 1000 * (previous_sent + IF(VALUES(span) > span + 1, span_sent, 0)))
                                    * POW(\(Traffic.remainder) / 100, VALUES(span) - span))),
             older_used = IF(VALUES(span) <= span, older_used,
                              ROUND((older_used + 1000 * (previous_used + IF(VALUES(span) > span + 1, span_used, 0)))
                                    * POW(\(Traffic.remainder) / 100, VALUES(span) - span))),
             previous_sent = CASE WHEN VALUES(span) <= span THEN previous_sent
                                  WHEN VALUES(span) = span + 1 THEN span_sent ELSE 0 END,
             previous_used = CASE WHEN VALUES(span) <= span THEN previous_used
                                  WHEN VALUES(span) = span + 1 THEN span_used ELSE 0 END,
             span_sent = IF(VALUES(span) <= span, span_sent, 0) + VALUES(span_sent),
             span_used = IF(VALUES(span) <= span, span_used, 0),
             span = GREATEST(span, VALUES(span)),
             previous_sent_at = IF(VALUES(last_sent_at) IS NULL, previous_sent_at, last_sent_at),
             last_sent_at = COALESCE(VALUES(last_sent_at), last_sent_at)
      RETURNING scope, hour, hour_sent, previous_hour_sent, day, day_sent, day_cost, span, span_sent, span_used,
                previous_sent, previous_used, older_sent, older_used, previous_sent_at, stopped_until
      """
    ).map(Traffic.init)
  }

  /// Counts a code as used that was sent at a time, in the span in which it was sent.
  func markUsed(_ number: PhoneNumber, sentAt: Date) throws(DatabaseError) {
    let sent = Traffic.span(sentAt)
    try connection.execute(
      """
      UPDATE traffic
         SET span_used = span_used + (span = \(sent)),
             previous_used = previous_used + (span = \(sent) + 1),
             older_used = older_used + 1000 * (span > \(sent) + 1)
       WHERE scope IN (\(list: [number.prefix, number.region]))
      """)
  }

  /// Stops a scope; false when it is stopped already. Each stop within a day of another lasts twice
  /// as long, from half an hour to twelve. What it is stopped for is forgotten, so that it begins anew
  /// when the stop is over.
  func stop(_ scope: Traffic.Scope, at now: Date) throws(DatabaseError) -> Bool {
    // Assignments run from left to right: the end goes by the number of stops this one makes.
    try connection.execute(
      """
      UPDATE traffic
         SET stops = IF(stopped_until IS NULL OR stopped_until < \(now - 86_400), 1, LEAST(stops + 1, 6)),
             stopped_until = \(now) + INTERVAL LEAST(30 << (stops - 1), 720) MINUTE,
             span_sent = 0, span_used = 0, previous_sent = 0, previous_used = 0, older_sent = 0, older_used = 0
       WHERE scope = \(scope.text)
         AND (stopped_until IS NULL OR stopped_until <= \(now))
      """) == 1
  }

  /// Everything and all countries, and whatever is stopped; not the prefixes, of which there may be very
  /// many.
  func overview(at now: Date) throws -> [Traffic] {
    // A prefix begins with a plus sign, which lies between the asterisk and the letters.
    try connection.all(
      """
      SELECT scope, hour, hour_sent, previous_hour_sent, day, day_sent, day_cost, span, span_sent, span_used,
             previous_sent, previous_used, older_sent, older_used, previous_sent_at, stopped_until
        FROM (SELECT scope FROM traffic WHERE scope < '+' OR scope > ','
              UNION SELECT scope FROM traffic WHERE stopped_until > \(now)) AS shown
        JOIN traffic USING (scope)
       ORDER BY day_cost DESC
      """
    ).map(Traffic.init)
  }

  /// What was sent today and this hour, and how many scopes are stopped.
  func gauges(at now: Date) throws -> [Gauge] {
    let scopes = try overview(at: now)
    let all = scopes.first { $0.scope == .everything }
    return [
      Gauge(
        "countersign_sends_last_hour", "Codes of the last hour.", all?.sentLastHour(at: now) ?? 0),
      Gauge("countersign_sends_today", "Codes of this day, in UTC.", all?.sentToday(at: now) ?? 0),
      Gauge(
        "countersign_cost_today_microdollars",
        "What the codes of this day cost, in millionths of a US dollar.",
        all?.costToday(at: now) ?? 0),
      Gauge(
        "countersign_stopped_destinations",
        "Prefixes and countries that get no codes because those sent were not used.",
        scopes.count { $0.stoppedUntil.map { $0 > now } ?? false }),
    ]
  }

  /// Removes scopes that no code went to for two days, and whose last stop is as long over.
  func purge(at now: Date) throws(DatabaseError) -> Int {
    try connection.execute(
      """
      DELETE FROM traffic
       WHERE day < \(Traffic.day(now) - 1)
         AND (stopped_until IS NULL OR stopped_until < \(now - 86_400))
       LIMIT 10000
      """)
  }
}

extension Traffic {
  fileprivate init(_ row: Row) throws(DatabaseError) {
    scope = Scope(text: try row.text("scope"))
    hour = try row.int("hour")
    hourSent = try row.int("hour_sent")
    previousHourSent = try row.int("previous_hour_sent")
    day = try row.int("day")
    daySent = try row.int("day_sent")
    dayCost = try row.int("day_cost")
    span = try row.int("span")
    newest = Conversion(sent: try row.int("span_sent"), used: try row.int("span_used"))
    previous = Conversion(sent: try row.int("previous_sent"), used: try row.int("previous_used"))
    // In thousandths; what is left of a use counts as one.
    older = Conversion(
      sent: try row.int("older_sent") / 1_000, used: (try row.int("older_used") + 999) / 1_000)
    previousSentAt = try row.optionalTime("previous_sent_at")
    stoppedUntil = try row.optionalTime("stopped_until")
  }
}
