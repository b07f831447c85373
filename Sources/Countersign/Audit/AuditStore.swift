package import FoundationEssentials

/// The SQL of the audit log.
struct AuditStore {
  let connection: Connection

  /// The end of the chain; nobody else adds to it before the transaction ends.
  func lockedHead() throws(DatabaseError) -> AuditAnchor {
    let row = try connection.first("SELECT sequence, mac FROM audit_head WHERE id = 1 FOR UPDATE")
    guard let row else { throw DatabaseError(.undecodable, statement: "audit_head") }
    return AuditAnchor(sequence: try row.int("sequence"), mac: try row.bytes("mac"))
  }

  func head() throws(DatabaseError) -> AuditAnchor? {
    guard let row = try connection.first("SELECT sequence, mac FROM audit_head WHERE id = 1")
    else { return nil }
    return AuditAnchor(sequence: try row.int("sequence"), mac: try row.bytes("mac"))
  }

  func insert(_ entry: AuditEntry) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT INTO audit_entry (sequence, at, event, severity, admin_id, admin_email, target_id, target_email, description,
                               metadata, address, request_id, key_id, previous, mac)
      VALUES (\(entry.sequence), \(entry.at), \(entry.event), \(entry.severity), \(entry.adminID), \(entry.adminEmail),
              \(entry.targetID), \(entry.targetEmail), \(entry.description), \(entry.metadata), \(Array(entry.address.utf8)),
              \(entry.requestID), \(Int(entry.keyID)), \(entry.previous), \(entry.mac))
      """)
    try connection.execute(
      "UPDATE audit_head SET sequence = \(entry.sequence), mac = \(entry.mac) WHERE id = 1")
  }

  /// The newest entries before one.
  func list(_ filter: AuditFilter, before sequence: Int?, limit: Int) throws -> [AuditEntry] {
    var conditions: [SQL] = ["sequence > 0", "sequence < \(sequence ?? Int.max)"]
    if let account = filter.account {
      conditions.append("(admin_id = \(account) OR target_id = \(account))")
    }
    if let event = filter.event { conditions.append("event = \(event)") }
    if let severity = filter.severity { conditions.append("severity = \(severity)") }
    if let from = filter.from { conditions.append("at >= \(from)") }
    if let to = filter.to { conditions.append("at < \(to)") }
    return try connection.all(
      """
      SELECT sequence, at, event, severity, admin_id, admin_email, target_id, target_email, description, metadata, address,
             request_id, key_id, previous, mac
        FROM audit_entry
       WHERE \(all: conditions)
       ORDER BY sequence DESC
       LIMIT \(limit)
      """
    ).map(Self.entry)
  }

  /// Of entries that stand before the first one, which none of ours does.
  func numbersBelowOne() throws -> [Int] {
    try connection.all(
      "SELECT sequence FROM audit_entry WHERE sequence < 1 ORDER BY sequence LIMIT 1000"
    ).map { try $0.int("sequence") }
  }

  /// The entries after one, in order.
  func page(after sequence: Int, limit: Int) throws -> [AuditEntry] {
    try connection.all(
      """
      SELECT sequence, at, event, severity, admin_id, admin_email, target_id, target_email, description, metadata, address,
             request_id, key_id, previous, mac
        FROM audit_entry
       WHERE sequence > \(sequence)
       ORDER BY sequence
       LIMIT \(limit)
      """
    ).map(Self.entry)
  }

  private static func entry(_ row: Row) throws -> AuditEntry {
    AuditEntry(
      sequence: try row.int("sequence"), at: try row.time("at"), event: try row.text("event"),
      severity: try row.text("severity"),
      adminID: try row.optionalBytes("admin_id").flatMap { Identifier(bytes: $0) },
      adminEmail: try row.text("admin_email"),
      targetID: try row.optionalBytes("target_id").flatMap { Identifier(bytes: $0) },
      targetEmail: try row.optionalText("target_email"), description: try row.text("description"),
      metadata: try row.text("metadata"),
      address: String(decoding: try row.bytes("address"), as: UTF8.self),
      requestID: try row.text("request_id"),
      keyID: UInt32(truncatingIfNeeded: try row.int("key_id")),
      previous: try row.bytes("previous"), mac: try row.bytes("mac"))
  }
}

/// What entries are asked for; nil for whatever they are.
package struct AuditFilter: Sendable {
  /// Whose act it was, or whose account it is about.
  package var account: Account.ID?
  package var event: String?
  package var severity: String?
  package var from: Date?
  /// Exclusive.
  package var to: Date?

  package init() {}
}
