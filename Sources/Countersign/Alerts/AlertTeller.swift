import FoundationEssentials

/// Telling people of alerts: by a post to `COUNTERSIGN_ALERT_URL`, and by mail to `COUNTERSIGN_ALERT_EMAIL`.
///
/// What is critical is told at once, with everything that waits; what is not, within five minutes, and single messages that did
/// not arrive within an hour. A storm of them is one mail, and a mail of alerts that does not arrive raises none.
struct AlertTeller {
  private let connection: Connection
  private let outbox: Outbox
  private let events: HostEventStore
  private let url: HostEventSettings?
  private let email: EmailAddress?
  private let product: String
  private var toldAt = Date.distantPast

  /// So many are told of one by one.
  private static let most = 40
  private static let pause: TimeInterval = 60
  private static let patience: TimeInterval = 300
  /// A message that did not arrive is one of many.
  private static let patienceWithMessages: TimeInterval = 3_600

  init(_ connection: Connection, _ configuration: Configuration) {
    self.connection = connection
    outbox = Outbox(connection, configuration)
    events = HostEventStore(connection: connection)
    url = configuration.alertURL
    email = configuration.alertEmail
    product = configuration.productName
  }

  private struct Untold: Encodable {
    let id: Identifier<Alerts>
    let kind: String
    let severity: String
    let detail: String
    let createdAt: Date
  }

  private struct Body: Encodable {
    struct Data: Encodable {
      let alerts: [Untold]
      let more: Int
    }
    let id: HostEvent.ID
    let type = HostEvent.Kind.alertsRaised.rawValue
    let createdAt: Date
    let data: Data
    /// What chat programs show of a post.
    let text: String
  }

  /// Tells what is due.
  mutating func tell(at now: Date) throws {
    guard
      let row = try connection.first(
        """
        SELECT MIN(created_at) AS first, MIN(IF(message_id IS NULL, created_at, NULL)) AS first_other,
               COALESCE(MAX(severity = 'critical'), 0) AS urgent
          FROM alert
         WHERE told_at IS NULL
           AND resolved_at IS NULL
        """), let first = try row.optionalTime("first")
    else { return }
    let other = try row.optionalTime("first_other") ?? now
    let isDue =
      try row.bool("urgent") || other < now - Self.patience
      || first < now - Self.patienceWithMessages
    guard isDue, toldAt < now - Self.pause else { return }
    try connection.transaction { try tellInTransaction(at: now) }
    toldAt = now
  }

  private func tellInTransaction(at now: Date) throws {
    // Another courier that tells at the same time has those that are locked.
    let rows = try connection.all(
      """
      SELECT id, kind, severity, detail, created_at
        FROM alert
       WHERE told_at IS NULL
         AND resolved_at IS NULL
       ORDER BY severity = 'critical' DESC, created_at
       LIMIT 1000
         FOR UPDATE SKIP LOCKED
      """)
    guard !rows.isEmpty else { return }
    let untold = try rows.map { row in
      Untold(
        id: try row.id("id"), kind: try row.text("kind"), severity: try row.text("severity"),
        detail: try row.text("detail"), createdAt: try row.time("created_at"))
    }
    let told = Array(untold.prefix(Self.most))
    let more = untold.count - told.count
    let lines =
      told.map {
        "\($0.severity): \($0.kind.replacing("_", with: " "))\($0.detail.isEmpty ? "" : ", \($0.detail)") (\($0.createdAt.rfc3339))"
      } + (more > 0 ? ["and \(more) more"] : [])
    let count = untold.count == 1 ? "1 alert" : "\(untold.count) alerts"
    if url != nil {
      let id = HostEvent.ID(at: now)
      let body = Body(
        id: id, createdAt: now, data: Body.Data(alerts: told, more: more),
        text: "\(product): \(count)\n" + lines.joined(separator: "\n"))
      try events.insert(
        id, .alertsRaised, to: .alerts, subject: id.bytes, body: try Response.json(body).body,
        at: now)
    }
    if let email {
      try outbox.queue(
        OutgoingMessage(
          id: Identifier(at: now), .alerts, .email, account: nil, to: .email(email.text),
          text: MessageText(
            body: lines.joined(separator: "\n") + "\n", subject: "\(product): \(count)"),
          expiresAt: now + SecurityNotices.mailLifetime), at: now)
    }
    try connection.execute(
      "UPDATE alert SET told_at = \(now) WHERE id IN (\(list: untold.map(\.id)))")
  }
}
