import FoundationEssentials

/// The SQL of consent.
struct ConsentStore {
  let connection: Connection

  func transaction(_ body: () throws -> Void) throws { try connection.transaction(body) }

  func find(_ hashes: [[UInt8]]) throws -> [(hash: [UInt8], sender: String, reason: String)] {
    try connection.all(
      """
      SELECT destination_hash, sender, reason
        FROM suppression
       WHERE destination_hash IN (\(list: hashes))
      """
    ).map { (try $0.bytes("destination_hash"), try $0.text("sender"), try $0.text("reason")) }
  }

  /// False when the message was taken before.
  func insertInbound(
    _ sid: String, _ sender: String, _ hash: [UInt8], _ word: String?, at now: Date
  ) throws(DatabaseError) -> Bool {
    try connection.execute(
      """
      INSERT IGNORE INTO inbound_message (provider_sid, sender, destination_hash, word, received_at)
      VALUES (\(sid), \(sender), \(hash), \(word), \(now))
      """) == 1
  }

  func suppress(_ hash: [UInt8], _ sender: String, _ reason: String, at now: Date)
    throws(DatabaseError)
  {
    try connection.execute(
      """
      INSERT IGNORE INTO suppression (destination_hash, sender, reason, created_at)
      VALUES (\(hash), \(sender), \(reason), \(now))
      """)
  }

  /// Suppresses whom a message went to: they have opted out of its sender.
  func suppress(_ message: OutgoingMessage.ID, _ sender: String, at now: Date)
    throws(DatabaseError)
  {
    try connection.execute(
      """
      INSERT IGNORE INTO suppression (destination_hash, sender, reason, created_at)
      SELECT destination_hash, \(sender), \(Consent.Reason.optedOut.rawValue), \(now)
        FROM message
       WHERE id = \(message)
      """)
  }

  /// The same, of the message that a provider has under a name.
  func suppress(sid: String, _ sender: String, at now: Date) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT IGNORE INTO suppression (destination_hash, sender, reason, created_at)
      SELECT destination_hash, \(sender), \(Consent.Reason.optedOut.rawValue), \(now)
        FROM message
       WHERE provider_sid = \(sid)
      """)
  }

  func list(_ hash: [UInt8]) throws -> [(sender: String, reason: String, since: Date)] {
    try connection.all(
      "SELECT sender, reason, created_at FROM suppression WHERE destination_hash = \(hash)"
    ).map { (try $0.text("sender"), try $0.text("reason"), try $0.time("created_at")) }
  }

  func release(_ hash: [UInt8]) throws(DatabaseError) -> Int {
    try connection.execute("DELETE FROM suppression WHERE destination_hash = \(hash)")
  }

  func release(_ hash: [UInt8], _ sender: String) throws(DatabaseError) {
    try connection.execute(
      "DELETE FROM suppression WHERE destination_hash = \(hash) AND sender = \(sender)")
  }
}
