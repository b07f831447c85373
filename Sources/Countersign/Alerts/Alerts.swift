package import FoundationEssentials

/// What an operator has to know of, raised once for each thing it is about.
package final class Alerts {
  private let connection: Connection
  /// What `raiseOnce` raised here, and when.
  private var raised: [String: Date] = [:]
  /// It may have been resolved since.
  private static let memory: TimeInterval = 600

  private let events: HostEvents

  package init(_ connection: Connection, _ configuration: Configuration) {
    self.connection = connection
    events = HostEvents(connection, configuration)
  }

  /// The raw value is stored and shown.
  enum Kind: String {
    /// A remembered device was presented with a value that it no longer has: somebody has a copy.
    case deviceReused = "device_reused"
    /// Wrong second factors on many accounts at once.
    case codeSpray = "code_spray"
    /// Something sealed does not open: it was moved from another row, or its key is gone.
    case sealedDataUnreadable = "sealed_data_unreadable"
    /// Codes to a prefix or a country go out and are not used.
    case pumpingSuspected = "pumping_suspected"
    /// It gets no more codes for a while.
    case destinationStopped = "destination_stopped"
    case budgetHalfUsed = "budget_half_used"
    /// Strangers have used up what they may; the rest is kept for owners.
    case budgetShareUsedUp = "budget_share_used_up"
    case budgetUsedUp = "budget_used_up"
    /// Wrong passwords of many accounts at once.
    case credentialSpray = "credential_spray"
    /// A provider does not answer, or not well enough to be used.
    case providerDown = "provider_down"
    /// Reports come that no provider has signed.
    case webhooksForged = "webhooks_forged"
    /// An administrator took somebody's second factors off.
    case factorsRemoved = "factors_removed"
    /// An administrator looked at more whole numbers than support needs.
    case numbersRevealed = "numbers_revealed"
    /// A key was made by which messages can be sent.
    case keyCreated = "api_key_created"
    /// Where codes may go, or how many, was changed.
    case rulesChanged = "abuse_rules_changed"
    /// Messages, or the security log, were taken away.
    case dataExported = "data_exported"
    /// An administrator looks at more than support needs.
    case manyLooks = "many_looks"

    var severity: String {
      switch self {
      case .deviceReused, .budgetHalfUsed, .budgetShareUsedUp, .factorsRemoved, .keyCreated,
        .rulesChanged, .dataExported:
        "warning"
      case .codeSpray, .sealedDataUnreadable, .pumpingSuspected,
        .destinationStopped, .budgetUsedUp, .credentialSpray, .providerDown, .webhooksForged,
        .numbersRevealed, .manyLooks:
        "critical"
      }
    }
  }

  /// Raises what is found again with every request while an attack lasts; not to be called inside a
  /// transaction, which could undo it.
  func raiseOnce(_ kind: Kind, about subject: String, at now: Date) throws {
    let name = "\(kind.rawValue) \(subject)"
    if let last = raised[name], last > now - Self.memory { return }
    try raise(kind, about: subject, at: now)
    if raised.count >= 1_024 { raised = [:] }
    raised[name] = now
  }

  /// How many are open, by kind.
  package static func open(_ connection: Connection) throws -> [(kind: String, count: Int)] {
    try connection.all(
      "SELECT kind, COUNT(*) AS open FROM alert WHERE resolved_at IS NULL GROUP BY kind ORDER BY kind"
    ).map { (try $0.text("kind"), try $0.int("open")) }
  }

  /// - Parameter subject: what it is about, at most 64 bytes; the same again is counted while the alert is open.
  func raise(_ kind: Kind, about subject: String, at now: Date) throws {
    let id = Identifier<Alerts>(at: now)
    let raised = try connection.execute(
      """
      INSERT IGNORE INTO alert (id, kind, severity, subject, detail, created_at)
      VALUES (\(id), \(kind.rawValue), \(kind.severity), \(Array(subject.utf8)), \(subject), \(now))
      """)
    if raised == 1 {
      try events.queue(kind.rawValue, severity: kind.severity, alert: id.bytes, at: now)
    } else {
      try connection.execute(
        "UPDATE alert SET times = times + 1, last_at = \(now) WHERE kind = \(kind.rawValue) AND open_subject = \(Array(subject.utf8))"
      )
    }
  }

  /// Ends what has passed by itself.
  func resolve(_ kind: Kind, about subject: String, at now: Date) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE alert
         SET resolved_at = \(now), resolution = 'It has passed.', told_at = COALESCE(told_at, \(now))
       WHERE kind = \(kind.rawValue)
         AND open_subject = \(Array(subject.utf8))
      """)
  }

  // MARK: For administrators

  /// An alert as it is shown.
  package struct Shown: Sendable {
    package let id: Identifier<Alerts>
    package let kind: String
    package let severity: String
    package let detail: String
    package let message: OutgoingMessage.ID?
    package let times: Int
    package let createdAt: Date
    package let lastAt: Date?
    package let resolvedAt: Date?
    package let resolution: String?
  }

  /// Those that are open, or are not, newest first.
  package func list(
    isOpen: Bool, kind: String?, before cursor: Identifier<Alerts>?, limit: Int
  ) throws -> [Shown] {
    var conditions: [SQL] = [isOpen ? "resolved_at IS NULL" : "resolved_at IS NOT NULL"]
    if let kind { conditions.append("kind = \(kind)") }
    if let cursor { conditions.append("id < \(cursor)") }
    return try connection.all(
      """
      SELECT id, kind, severity, detail, message_id, times, created_at, last_at, resolved_at, resolution
        FROM alert
       WHERE \(all: conditions)
       ORDER BY id DESC
       LIMIT \(limit)
      """
    ).map { row in
      Shown(
        id: try row.id("id"), kind: try row.text("kind"), severity: try row.text("severity"),
        detail: try row.text("detail"),
        message: try row.optionalBytes("message_id").flatMap { Identifier(bytes: $0) },
        times: try row.int("times"), createdAt: try row.time("created_at"),
        lastAt: try row.optionalTime("last_at"), resolvedAt: try row.optionalTime("resolved_at"),
        resolution: try row.optionalText("resolution"))
    }
  }

  /// Resolves an alert for an administrator; the same thing raises another one from then on. Called inside a
  /// transaction.
  ///
  /// - Throws: `not_found` unless it is open; `own_account` for one that is about who resolves it.
  func resolve(
    _ id: Identifier<Alerts>, _ resolution: String, by admin: Account.ID, at now: Date
  ) throws {
    let about = try connection.first("SELECT detail FROM alert WHERE id = \(id)")?.text("detail")
    guard about != admin.description else { throw Rejection(.ownAccount) }
    let changed = try connection.execute(
      """
      UPDATE alert
         SET resolved_at = \(now), resolved_by = \(admin), resolution = \(resolution), told_at = COALESCE(told_at, \(now))
       WHERE id = \(id)
         AND resolved_at IS NULL
      """)
    guard changed == 1 else { throw Rejection(.notFound) }
  }
}
