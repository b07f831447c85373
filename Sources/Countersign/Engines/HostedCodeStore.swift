import FoundationEssentials

/// The SQL of codes that a provider keeps.
struct HostedCodeStore {
  let connection: Connection

  /// A code that a provider has.
  struct Live {
    let provider: String
    let sid: String
  }

  /// Where the code of a message is to be judged; nil for here.
  func find(_ message: OutgoingMessage.ID) throws(DatabaseError) -> Live? {
    let row = try connection.first(
      "SELECT provider, sid FROM hosted_code WHERE message_id = \(message) AND sid IS NOT NULL")
    guard let row else { return nil }
    return Live(provider: try row.text("provider"), sid: try row.text("sid"))
  }

  enum Claim {
    /// Nothing of ours lives there for the number.
    case free
    /// First this has to end.
    case stale(sid: String)
    /// Another code lives there, for something else.
    case busy
  }

  /// Takes a number's one place with a provider for the code of a message.
  ///
  /// Each change names what was read, so that of two couriers one takes it; what another changed in between
  /// is busy, and its code is sent by somebody else.
  func claim(
    _ provider: String, _ destination: [UInt8], for message: OutgoingMessage.ID,
    until end: Date, at now: Date
  ) throws(DatabaseError) -> Claim {
    let row = try connection.first(
      """
      SELECT message_id, sid, stale_sid, expires_at
        FROM hosted_code
       WHERE provider = \(provider)
         AND destination_hash = \(destination)
      """)
    guard let row else {
      let inserted = try connection.execute(
        """
        INSERT IGNORE INTO hosted_code (provider, destination_hash, message_id, expires_at)
        VALUES (\(provider), \(destination), \(message), \(end))
        """)
      return inserted == 1 ? .free : .busy
    }
    let holder: OutgoingMessage.ID = try row.id("message_id")
    let (sid, stale) = (try row.optionalText("sid"), try row.optionalText("stale_sid"))
    let earlier = sid ?? stale
    let expiresAt = try row.time("expires_at")
    if holder != message {
      guard expiresAt <= now else { return .busy }
      // Providers keep a code for an hour at most: after that there is nothing to cancel.
      let stale = expiresAt > now - 3_600 ? earlier : nil
      let taken = try connection.execute(
        """
        UPDATE hosted_code
           SET message_id = \(message), sid = NULL, stale_sid = \(stale), expires_at = \(end)
         WHERE provider = \(provider)
           AND destination_hash = \(destination)
           AND message_id = \(holder)
        """)
      guard taken == 1 else { return .busy }
      return stale.map { .stale(sid: $0) } ?? .free
    }
    return earlier.map { .stale(sid: $0) } ?? .free
  }

  /// Notes that the provider has the code of a message; false when another code has its place.
  func take(_ message: OutgoingMessage.ID, sid: String) throws(DatabaseError) {
    try connection.execute(
      "UPDATE hosted_code SET sid = \(sid), stale_sid = NULL WHERE message_id = \(message)")
  }

  /// Gives the place up: the code is used, over, or sent by somebody else.
  func release(_ message: OutgoingMessage.ID) throws(DatabaseError) {
    try connection.execute("DELETE FROM hosted_code WHERE message_id = \(message)")
  }

  /// Hands the place of a verification's code to the one that replaces it, which cancels it first.
  func replace(
    _ purpose: VerificationCode.Purpose, _ subject: [UInt8], by message: OutgoingMessage.ID,
    to destination: [UInt8], until end: Date
  ) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE hosted_code h
        JOIN verification v ON v.message_id = h.message_id
         SET h.stale_sid = COALESCE(h.sid, h.stale_sid), h.sid = NULL, h.message_id = \(message), h.expires_at = \(end)
       WHERE v.purpose = \(purpose.rawValue)
         AND v.subject = \(subject)
         AND h.destination_hash = \(destination)
      """)
  }

  /// The same for the code of an account's challenge of a purpose.
  func replace(
    _ account: Account.ID, _ purpose: Challenge.Purpose, by message: OutgoingMessage.ID,
    to destination: [UInt8], until end: Date
  ) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE hosted_code h
        JOIN challenge c ON c.code_message_id = h.message_id
         SET h.stale_sid = COALESCE(h.sid, h.stale_sid), h.sid = NULL, h.message_id = \(message), h.expires_at = \(end)
       WHERE c.live_code = \(account.bytes + Array(purpose.rawValue.utf8))
         AND h.destination_hash = \(destination)
      """)
  }

  /// The code arrived, since somebody has read it.
  func markDelivered(_ message: OutgoingMessage.ID, at now: Date) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE message
         SET status = 'delivered', status_rank = 4, finished_at = \(now)
       WHERE id = \(message)
         AND status_rank < 4
         AND queue_lane IS NULL
      """)
  }

  func purge(at now: Date) throws(DatabaseError) -> Int {
    try connection.execute(
      "DELETE FROM hosted_code WHERE expires_at < \(now - 24 * 3_600) LIMIT 10000")
  }
}
