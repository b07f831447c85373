import FoundationEssentials

/// What an operator has to know of, raised once for each thing it is about.
struct Alerts {
  let connection: Connection

  /// The raw value is stored and shown.
  enum Kind: String {
    /// A remembered device was presented with a value that it no longer has: somebody has a copy.
    case deviceReused = "device_reused"
    /// Wrong second factors on many accounts at once.
    case codeSpray = "code_spray"
    /// Something sealed does not open: it was moved from another row, or its key is gone.
    case sealedDataUnreadable = "sealed_data_unreadable"

    var severity: String {
      switch self {
      case .deviceReused: "warning"
      case .codeSpray, .sealedDataUnreadable: "critical"
      }
    }
  }

  /// - Parameter subject: what it is about, at most 64 bytes; the same again raises nothing.
  func raise(_ kind: Kind, about subject: String, at now: Date) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT IGNORE INTO alert (id, kind, severity, subject, detail, created_at)
      VALUES (\(Identifier<Alerts>(at: now)), \(kind.rawValue), \(kind.severity), \(Array(subject.utf8)), \(subject), \(now))
      """)
  }
}
