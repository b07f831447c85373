import FoundationEssentials

/// The SQL of delivery reports and the alerts they raise.
struct DeliveryStore {
  let connection: Connection

  /// Moves a message forward; false when no message has the sid, or it has come as far already.
  func advance(_ report: Delivery.Report, at now: Date) throws(DatabaseError) -> Bool {
    let isFinal = report.rank >= 4
    return try connection.execute(
      """
      UPDATE message
         SET status = \(report.status.rawValue), status_rank = \(report.rank),
             error_code = \(report.errorCode.map(String.init)), failure = \(report.failure?.rawValue),
             finished_at = IF(\(isFinal), \(now), finished_at)
       WHERE provider_sid = \(report.sid)
         AND status_rank < \(report.rank)
      """) == 1
  }

  func isKnown(sid: String) throws(DatabaseError) -> Bool {
    try connection.first("SELECT 1 AS known FROM message WHERE provider_sid = \(sid)") != nil
  }

  /// Keeps the furthest report about a sid that no message has yet.
  func keepEarly(_ report: Delivery.Report, at now: Date) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT INTO early_callback (provider_sid, status, status_rank, error_code, received_at)
      VALUES (\(report.sid), \(report.status.rawValue), \(report.rank), \(report.errorCode.map(String.init)), \(now))
          ON DUPLICATE KEY UPDATE
             status = IF(VALUES(status_rank) > status_rank, VALUES(status), status),
             error_code = IF(VALUES(status_rank) > status_rank, VALUES(error_code), error_code),
             status_rank = GREATEST(VALUES(status_rank), status_rank)
      """)
  }

  /// Applies a report that came before the message had its sid; called inside a transaction, after
  /// the sid was stored.
  func applyEarlyCallback(sid: String, at now: Date) throws(DatabaseError) {
    guard
      let row = try connection.first(
        "SELECT status, status_rank, error_code FROM early_callback WHERE provider_sid = \(sid)"),
      let status = MessageStatus(rawValue: try row.text("status"))
    else { return }
    let text = try row.optionalText("error_code")
    let code = text.flatMap { Int($0) }
    let rank = try row.int("status_rank")
    let report = Delivery.Report(
      sid: sid, status: status, rank: rank, errorCode: code,
      failure: status == .delivered || status == .sent ? nil : Failure(twilioCode: code))
    if try !advance(report, at: now), try !isKnown(sid: sid) { return }
    if status == .undelivered || status == .failed { try alert(sid: sid, report.failure, at: now) }
    try connection.execute("DELETE FROM early_callback WHERE provider_sid = \(sid)")
  }

  /// Raises an alert, once a message, when it was a code that did not arrive.
  func alert(sid: String, _ failure: Failure?, at now: Date) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT IGNORE INTO alert (id, kind, severity, message_id, detail, created_at)
      SELECT \(Identifier<Delivery>(at: now)), 'code_undelivered', 'warning', id, \(failure?.rawValue ?? ""), \(now)
        FROM message
       WHERE provider_sid = \(sid)
         AND kind = 'code'
      """)
  }

  /// Raises an alert about a message that was not sent.
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
      """)
  }

  func purge(at now: Date) throws(DatabaseError) -> Int {
    try connection.execute(
      "DELETE FROM early_callback WHERE received_at < \(now.addingTimeInterval(-7 * 24 * 3_600)) LIMIT 10000"
    )
  }
}
