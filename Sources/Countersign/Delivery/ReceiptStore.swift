import FoundationEssentials

/// The SQL of what is done when receipts say no, or nothing.
final class ReceiptStore {
  private let connection: Connection
  /// What was queued before this was looked through for the silent.
  private var lookedUntil: Date?

  /// How long a receipt is waited for; many routes never give one.
  private static let patience: TimeInterval = 12 * 3_600
  /// How far back a courier looks when it begins: one that stood still for longer leaves the rest as it is.
  private static let reach: TimeInterval = 36 * 3_600
  /// How much of the past is looked through at once: more while there is little in it.
  private var portion = smallestPortion
  private static let smallestPortion: TimeInterval = 60
  private static let largestPortion: TimeInterval = 3_600
  private static let portionsAtOnce = 8

  init(connection: Connection) {
    self.connection = connection
  }

  // MARK: Silence

  /// A message whose receipt did not come.
  struct Silent {
    let sid: String
    let provider: String
  }

  /// Calls unknown what was sent half a day ago and of which nobody said more; each once, and a few at a time.
  ///
  /// Ids begin with the time: a minute of the past is a range of the primary key, and no index of its own slows
  /// down every callback.
  func giveUpSilent(limit: Int, at now: Date) throws -> [Silent] {
    guard limit > 0 else { return [] }
    for _ in 0..<Self.portionsAtOnce {
      let start = lookedUntil ?? now - Self.reach
      let until = min(now - Self.patience, start + portion)
      guard start < until else { break }
      let silent = try giveUpSilent(from: start, until: until, limit: limit, at: now)
      if !silent.isEmpty { return silent }
    }
    return []
  }

  private func giveUpSilent(
    from start: Date, until: Date, limit: Int, at now: Date
  ) throws -> [Silent] {
    let rows = try connection.all(
      """
      SELECT id, provider, provider_sid
        FROM message
       WHERE id >= \(Self.first(at: start))
         AND id < \(Self.first(at: until))
         AND status = 'sent'
         AND provider IN ('twilio', 'vonage', 'sendgrid', 'twilio-verify', 'twilio-psd2', 'vonage-verify', 'vonage-verify2')
       ORDER BY id
       LIMIT \(limit)
      """)
    var silent: [Silent] = []
    for row in rows {
      let id: OutgoingMessage.ID = try row.id("id")
      let changed = try connection.execute(
        "UPDATE message SET status = 'unknown', finished_at = \(now) WHERE id = \(id) AND status = 'sent'"
      )
      guard changed == 1 else { continue }
      silent.append(
        Silent(sid: try row.text("provider_sid"), provider: try row.text("provider")))
    }
    if rows.count < limit {
      lookedUntil = until
      portion = min(Self.largestPortion, portion * 4)
    } else {
      portion = Self.smallestPortion
    }
    return silent
  }

  private static func first(at time: Date) -> [UInt8] {
    Array(Identifier<OutgoingMessage>(at: time).bytes.prefix(6)) + Array(repeating: 0, count: 10)
  }

  // MARK: The phone

  /// A code that can be said on the phone: its text failed, or it has expired.
  struct Waiting {
    let id: OutgoingMessage.ID
    let account: Account.ID?
    let destinationSealed: [UInt8]
    let fallbackSealed: [UInt8]?
    let isFailed: Bool
    let expiresAt: Date
  }

  func withFallback(at now: Date) throws -> [Waiting] {
    try connection.all(
      """
      SELECT id, account_id, destination_sealed, fallback_sealed, status, expires_at
        FROM message
       WHERE channel = 'sms'
         AND queue_lane = \(OutgoingMessage.receiptLane)
         AND due_at <= \(now)
       ORDER BY due_at
       LIMIT 64
      """
    ).map { row in
      Waiting(
        id: try row.id("id"),
        account: try row.optionalBytes("account_id").flatMap { Identifier(bytes: $0) },
        destinationSealed: try row.bytes("destination_sealed"),
        fallbackSealed: try row.optionalBytes("fallback_sealed"),
        isFailed: ["undelivered", "failed"].contains(try row.text("status")),
        expiresAt: try row.time("expires_at"))
    }
  }

  /// False when its account was sent another code since.
  func isNewestCode(_ waiting: Waiting) throws(DatabaseError) -> Bool {
    guard let account = waiting.account else { return true }
    return try connection.first(
      """
      SELECT 1 AS later
        FROM message
       WHERE account_id = \(account)
         AND id > \(waiting.id)
         AND kind = 'code'
       LIMIT 1
      """) == nil
  }

  /// Wipes what would be said; false when somebody else has.
  func takeFallback(_ id: OutgoingMessage.ID) throws(DatabaseError) -> Bool {
    try connection.execute(
      """
      UPDATE message
         SET fallback_sealed = NULL, queue_lane = NULL
       WHERE id = \(id)
         AND queue_lane = \(OutgoingMessage.receiptLane)
      """) == 1
  }
}
