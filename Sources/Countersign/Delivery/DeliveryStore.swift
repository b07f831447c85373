import FoundationEssentials

/// The SQL of delivery reports and the alerts they raise.
struct DeliveryStore {
  let connection: Connection

  /// Moves a message forward; false when no message has the sid, or it has come as far already.
  ///
  /// A code that failed and can be said on the phone goes to the courier once more.
  func advance(_ report: Delivery.Report, at now: Date) throws(DatabaseError) -> Bool {
    let mayCall = report.isFailure && report.failure?.isWorthCalling == true
    return try connection.execute(
      """
      UPDATE message
         SET status = \(report.status.rawValue), status_rank = \(report.rank),
             error_code = \(report.errorCode.map(String.init)), failure = \(report.failure?.rawValue),
             finished_at = IF(\(report.isFinal), \(now), finished_at),
             is_price_known = IF(\(report.price) IS NULL, is_price_known, 1), price = COALESCE(\(report.price), price),
             due_at = IF(\(mayCall) AND fallback_sealed IS NOT NULL, \(now), due_at),
             queue_lane = IF(\(report.isFinal && !mayCall) OR fallback_sealed IS NULL, NULL, queue_lane),
             fallback_sealed = IF(\(report.isFinal && !mayCall), NULL, fallback_sealed)
       WHERE provider_sid = \(report.sid)
         AND status_rank < \(report.rank)
      """) == 1
  }

  func isKnown(sid: String) throws(DatabaseError) -> Bool {
    try connection.first("SELECT 1 AS known FROM message WHERE provider_sid = \(sid)") != nil
  }

  func isKnown(sid: String, otherThan message: OutgoingMessage.ID) throws(DatabaseError) -> Bool {
    try connection.first(
      "SELECT 1 AS known FROM message WHERE provider_sid = \(sid) AND id <> \(message)") != nil
  }

  /// False when the event was there already.
  func insertEvent(_ provider: String, _ event: String, at now: Date) throws(DatabaseError) -> Bool
  {
    try connection.execute(
      """
      INSERT IGNORE INTO webhook_event (provider, event_id, received_at)
      VALUES (\(provider), \(Array(event.utf8)), \(now))
      """) == 1
  }

  /// Keeps the furthest report about a sid that no message has yet.
  func keepEarly(_ report: Delivery.Report, at now: Date) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT INTO early_callback (provider_sid, status, status_rank, error_code, failure, price, sender, received_at)
      VALUES (\(report.sid), \(report.status.rawValue), \(report.rank), \(report.errorCode.map(String.init)),
              \(report.failure?.rawValue), \(report.price), \(report.sender), \(now))
          ON DUPLICATE KEY UPDATE
             status = IF(VALUES(status_rank) > status_rank, VALUES(status), status),
             error_code = IF(VALUES(status_rank) > status_rank, VALUES(error_code), error_code),
             failure = IF(VALUES(status_rank) > status_rank, VALUES(failure), failure),
             price = COALESCE(VALUES(price), price),
             status_rank = GREATEST(VALUES(status_rank), status_rank)
      """)
  }

  /// Applies a report that came before the message had its sid; called inside a transaction, after
  /// the sid was stored. The lock makes one wait for the other where a report and the sid are stored at once: whoever
  /// looks second sees both.
  func applyEarlyCallback(sid: String, _ events: HostEvents, at now: Date) throws {
    guard
      let row = try connection.first(
        "SELECT status, status_rank, error_code, failure, price, sender FROM early_callback WHERE provider_sid = \(sid) FOR UPDATE"
      ),
      let status = MessageStatus(rawValue: try row.text("status"))
    else { return }
    var report = Delivery.Report(
      sid: sid, status: status, rank: try row.int("status_rank"),
      errorCode: try row.optionalText("error_code").flatMap { Int($0) },
      failure: try row.optionalText("failure").flatMap { Failure(rawValue: $0) })
    report.price = try row.optionalInt("price")
    report.sender = try row.optionalText("sender")
    if try advance(report, at: now) {
      try tell(report, events, at: now)
    } else if try !isKnown(sid: sid) {
      return
    }
    try connection.execute("DELETE FROM early_callback WHERE provider_sid = \(sid)")
  }

  /// Tells whoever is to hear that a message has come to its end: the host, and, of a code that did not
  /// arrive, an operator. Called inside a transaction, once for the end.
  ///
  /// - Returns: true for a code that did not arrive.
  @discardableResult
  func tell(_ report: Delivery.Report, _ events: HostEvents, at now: Date) throws -> Bool {
    guard report.isFinal else { return false }
    let isCritical = try report.isFailure && alert(sid: report.sid, report.failure, at: now)
    if report.failure == .destinationOptedOut, let sender = report.sender {
      try ConsentStore(connection: connection).suppress(sid: report.sid, sender, at: now)
    }
    guard events.isSending,
      let row = try connection.first(
        "SELECT id, kind, channel, account_id, notification_id FROM message WHERE provider_sid = \(report.sid)"
      )
    else { return isCritical }
    try tell(row, report.status, report.failure, code: report.errorCode, events, at: now)
    return isCritical
  }

  /// Tells the host of a message that no provider has taken; called inside a transaction.
  func tellEnded(
    _ message: OutgoingMessage.ID, _ status: MessageStatus, _ failure: Failure, code: Int?,
    _ events: HostEvents, at now: Date
  ) throws {
    guard events.isSending,
      let row = try connection.first(
        "SELECT id, kind, channel, account_id, notification_id FROM message WHERE id = \(message)")
    else { return }
    try tell(row, status, failure, code: code, events, at: now)
  }

  private func tell(
    _ row: Row, _ status: MessageStatus, _ failure: Failure?, code: Int?, _ events: HostEvents,
    at now: Date
  ) throws {
    var data = [
      "status": status.rawValue, "type": try row.text("kind"), "channel": try row.text("channel"),
    ]
    data["failure"] = failure?.rawValue
    data["errorCode"] = code.map(String.init)
    let account: Account.ID? = try row.optionalBytes("account_id").flatMap { Identifier(bytes: $0) }
    data["userId"] = account?.description
    let notification: Notification.ID? = try row.optionalBytes("notification_id").flatMap {
      Identifier(bytes: $0)
    }
    data["notificationId"] = notification?.description
    let message: OutgoingMessage.ID = try row.id("id")
    try events.queue(
      status == .delivered ? .messageDelivered : .messageFailed, about: message, data, at: now)
  }

  /// Raises an alert, once a message, when it was a code that did not arrive.
  private func alert(sid: String, _ failure: Failure?, at now: Date) throws(DatabaseError) -> Bool {
    try connection.execute(
      """
      INSERT IGNORE INTO alert (id, kind, severity, message_id, detail, created_at)
      SELECT \(Identifier<Delivery>(at: now)), 'code_undelivered', 'warning', id, \(failure?.rawValue ?? ""), \(now)
        FROM message
       WHERE provider_sid = \(sid)
         AND kind = 'code'
      """) == 1
  }

  /// Raises an alert about a message that was not sent; not about a mail of alerts, or one would follow another for ever.
  func alert(_ message: OutgoingMessage.ID, _ failure: Failure, at now: Date) throws(DatabaseError)
  {
    let severity = failure.needsOperator ? "critical" : "warning"
    try connection.execute(
      """
      INSERT IGNORE INTO alert (id, kind, severity, message_id, detail, created_at)
      SELECT \(Identifier<Delivery>(at: now)), IF(kind = 'code', 'code_undelivered', 'message_failed'), \(severity), id,
             \(failure.rawValue), \(now)
        FROM message
       WHERE id = \(message)
         AND kind <> \(OutgoingMessage.Kind.alerts.rawValue)
      """)
  }

  func purge(at now: Date) throws(DatabaseError) -> Int {
    let weekAgo = now.addingTimeInterval(-7 * 24 * 3_600)
    return try connection.execute(
      "DELETE FROM early_callback WHERE received_at < \(weekAgo) LIMIT 10000")
      + connection.execute("DELETE FROM webhook_event WHERE received_at < \(weekAgo) LIMIT 10000")
      + connection.execute(
        "DELETE FROM inbound_message WHERE received_at < \(now.addingTimeInterval(-5 * 365 * 86_400)) LIMIT 10000"
      )
  }
}
