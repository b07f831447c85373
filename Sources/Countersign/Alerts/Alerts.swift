import FoundationEssentials

/// What an operator has to know of, raised once for each thing it is about.
package final class Alerts {
  private let connection: Connection
  /// What `raiseOnce` raised here.
  private var raised: Set<String> = []

  private let events: HostEvents

  init(_ connection: Connection, _ configuration: Configuration) {
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

    var severity: String {
      switch self {
      case .deviceReused, .budgetHalfUsed, .budgetShareUsedUp: "warning"
      case .codeSpray, .sealedDataUnreadable, .pumpingSuspected,
        .destinationStopped, .budgetUsedUp, .credentialSpray, .providerDown:
        "critical"
      }
    }
  }

  /// Raises what is found again with every request while an attack lasts; not to be called inside a
  /// transaction, which could undo it.
  func raiseOnce(_ kind: Kind, about subject: String, at now: Date) throws {
    guard !raised.contains("\(kind.rawValue) \(subject)") else { return }
    try raise(kind, about: subject, at: now)
    if raised.count >= 1_024 { raised = [] }
    raised.insert("\(kind.rawValue) \(subject)")
  }

  /// How many are open, by kind.
  package static func open(_ connection: Connection) throws -> [(kind: String, count: Int)] {
    try connection.all(
      "SELECT kind, COUNT(*) AS open FROM alert WHERE resolved_at IS NULL GROUP BY kind ORDER BY kind"
    ).map { (try $0.text("kind"), try $0.int("open")) }
  }

  /// - Parameter subject: what it is about, at most 64 bytes; the same again raises nothing.
  func raise(_ kind: Kind, about subject: String, at now: Date) throws {
    let id = Identifier<Alerts>(at: now)
    let raised = try connection.execute(
      """
      INSERT IGNORE INTO alert (id, kind, severity, subject, detail, created_at)
      VALUES (\(id), \(kind.rawValue), \(kind.severity), \(Array(subject.utf8)), \(subject), \(now))
      """)
    if raised == 1 {
      try events.queue(kind.rawValue, severity: kind.severity, alert: id.bytes, at: now)
    }
  }
}
