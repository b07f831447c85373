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

  /// True when one of the providers has another code alive for a number.
  func isBusy(
    _ providers: [String], _ destination: [UInt8], otherThan message: OutgoingMessage.ID,
    at now: Date
  ) throws(DatabaseError) -> Bool {
    let rows = try connection.all(
      """
      SELECT provider
        FROM hosted_code
       WHERE destination_hash = \(destination)
         AND provider IN (\(list: providers))
         AND message_id <> \(message)
         AND expires_at > \(now)
      """)
    return !rows.isEmpty
  }

  enum Claim {
    /// Nothing of ours lives there for the number.
    case free
    /// First this has to end.
    case stale(sid: String)
    /// Another code lives there, for something else.
    case busy
  }

  /// Takes a number's one place with a provider for the code of a message, and begins to start it.
  ///
  /// Each change names what was read, so that of two couriers one takes it; what another changed in between
  /// is busy, and its code is sent by somebody else. So is a place where a start is under way whose answer has not
  /// come: it may be for a code that this one replaces.
  ///
  /// - Parameters:
  ///   - isPreferred: whether it may take the place of a code that lives there.
  ///   - isRepeated: whether the start that is under way may be its own, whose answer was lost.
  func claim(
    _ provider: String, _ destination: [UInt8], for message: OutgoingMessage.ID,
    until end: Date, isPreferred: Bool, isRepeated: Bool, at now: Date
  ) throws(DatabaseError) -> Claim {
    let lease = now + Self.startSeconds
    let row = try connection.first(
      """
      SELECT message_id, sid, stale_sid, starting_until, expires_at
        FROM hosted_code
       WHERE provider = \(provider)
         AND destination_hash = \(destination)
      """)
    guard let row else {
      let inserted = try connection.execute(
        """
        INSERT IGNORE INTO hosted_code (provider, destination_hash, message_id, starting_until, expires_at)
        VALUES (\(provider), \(destination), \(message), \(lease), \(end))
        """)
      return inserted == 1 ? .free : .busy
    }
    let holder: OutgoingMessage.ID = try row.id("message_id")
    let (sid, stale) = (try row.optionalText("sid"), try row.optionalText("stale_sid"))
    let expiresAt = try row.time("expires_at")
    let isOwn = isRepeated && holder == message
    if !isOwn, let starting = try row.optionalTime("starting_until"), starting > now {
      return .busy
    }
    guard holder == message || expiresAt <= now || isPreferred else { return .busy }
    // Providers keep a code for an hour at most: after that there is nothing to cancel.
    let earlier = expiresAt > now - 3_600 ? sid ?? stale : nil
    let taken = try connection.execute(
      """
      UPDATE hosted_code
         SET message_id = \(message), sid = NULL, stale_sid = \(earlier), starting_until = \(lease), expires_at = \(end)
       WHERE provider = \(provider)
         AND destination_hash = \(destination)
         AND message_id = \(holder)
         AND (\(isOwn) OR starting_until IS NULL OR starting_until <= \(now))
      """)
    guard taken == 1 else { return .busy }
    return earlier.map { .stale(sid: $0) } ?? .free
  }

  /// How long a start may be under way: longer than a request to a provider takes.
  private static let startSeconds: TimeInterval = 15

  /// Notes that the provider has the code of a message. Where another has taken the place meanwhile, this one is to
  /// be cancelled before that is started.
  func take(
    _ provider: String, _ destination: [UInt8], _ message: OutgoingMessage.ID, sid: String,
    until end: Date
  ) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT INTO hosted_code (provider, destination_hash, message_id, sid, expires_at)
      VALUES (\(provider), \(destination), \(message), \(sid), \(end))
          ON DUPLICATE KEY UPDATE
             sid = IF(message_id = \(message), \(sid), sid), stale_sid = IF(message_id = \(message), NULL, \(sid)),
             starting_until = NULL
      """)
  }

  /// Notes that the earlier code is over which stood in the way.
  func clearStale(_ message: OutgoingMessage.ID) throws(DatabaseError) {
    try connection.execute(
      "UPDATE hosted_code SET stale_sid = NULL WHERE message_id = \(message)")
  }

  /// Gives up the place that a message has for a start that did not happen. What could not be cancelled stays noted: it
  /// lives, and the provider would send it again.
  func giveUp(
    _ provider: String, _ destination: [UInt8], _ message: OutgoingMessage.ID
  ) throws(DatabaseError) {
    try connection.execute(
      "DELETE FROM hosted_code WHERE message_id = \(message) AND stale_sid IS NULL")
    try connection.execute(
      """
      UPDATE hosted_code
         SET starting_until = NULL
       WHERE provider = \(provider)
         AND destination_hash = \(destination)
      """)
  }

  /// Gives the place up: the code is used, or over.
  func release(_ message: OutgoingMessage.ID) throws(DatabaseError) {
    try connection.execute("DELETE FROM hosted_code WHERE message_id = \(message)")
  }

  /// Hands the place of a code to the one that replaces it, which cancels it first.
  func hand(
    _ earlier: OutgoingMessage.ID, over message: OutgoingMessage.ID, to destination: [UInt8],
    until end: Date
  ) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE hosted_code
         SET stale_sid = COALESCE(sid, stale_sid), sid = NULL, message_id = \(message), expires_at = \(end)
       WHERE message_id = \(earlier)
         AND destination_hash = \(destination)
      """)
  }

  /// Ends a code that was replaced before a courier had it: it would take the place for nothing.
  func endWaiting(_ message: OutgoingMessage.ID, at now: Date) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE message
         SET status = 'expired', finished_at = \(now), queue_lane = NULL, payload_sealed = NULL, fallback_sealed = NULL
       WHERE id = \(message)
         AND queue_lane = 0
         AND owner IS NULL
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
