import FoundationEssentials

/// The SQL of what is done when receipts say no, or nothing.
///
/// Ids begin with the time, so what was queued in a span of time is a range of the primary key, and no
/// index of its own slows down every callback.
struct ReceiptStore {
  let connection: Connection

  /// How long a receipt is waited for; many routes never give one.
  static let patience: TimeInterval = 12 * 3_600
  /// How far back is looked: a courier that stood still this long leaves the rest as it is.
  static let reach: TimeInterval = 36 * 3_600
  /// No code lives longer, with a margin for clocks.
  static let longestFallback: TimeInterval = 1_200

  private static func first(at time: Date) -> [UInt8] {
    Array(Identifier<OutgoingMessage>(at: time).bytes.prefix(6)) + Array(repeating: 0, count: 10)
  }

  /// A message whose receipt did not come.
  struct Silent {
    let sid: String
    let provider: String
  }

  /// Calls unknown what was sent half a day ago and of which nobody said more; each once.
  func giveUpSilent(at now: Date) throws -> [Silent] {
    var silent: [Silent] = []
    for row in try connection.all(
      """
      SELECT id, provider, provider_sid
        FROM message
       WHERE id > \(Self.first(at: now - Self.reach))
         AND id < \(Self.first(at: now - Self.patience))
         AND status = 'sent'
         AND provider IN ('twilio', 'vonage', 'sendgrid')
       ORDER BY id
       LIMIT 500
      """)
    {
      let id: OutgoingMessage.ID = try row.id("id")
      let changed = try connection.execute(
        "UPDATE message SET status = 'unknown' WHERE id = \(id) AND status = 'sent'")
      guard changed == 1 else { continue }
      silent.append(
        Silent(sid: try row.text("provider_sid"), provider: try row.text("provider")))
    }
    return silent
  }

  /// A code whose text failed, and that can be said on the phone.
  struct Failed {
    let id: OutgoingMessage.ID
    let account: Account.ID?
    let destinationSealed: [UInt8]
    let expiresAt: Date
  }

  func failedWithFallback(at now: Date) throws -> [Failed] {
    try connection.all(
      """
      SELECT id, account_id, destination_sealed, expires_at
        FROM message
       WHERE channel = 'sms'
         AND queue_lane = \(OutgoingMessage.receiptLane)
         AND due_at <= \(now)
       LIMIT 64
      """
    ).map { row in
      Failed(
        id: try row.id("id"),
        account: try row.optionalBytes("account_id").flatMap { Identifier(bytes: $0) },
        destinationSealed: try row.bytes("destination_sealed"),
        expiresAt: try row.time("expires_at"))
    }
  }

  /// What is to be said, and is kept no longer; nil when somebody else has taken it. Called inside a
  /// transaction.
  func takeFallback(_ id: OutgoingMessage.ID) throws -> [UInt8]? {
    let row = try connection.first("SELECT fallback_sealed FROM message WHERE id = \(id)")
    let taken = try connection.execute(
      """
      UPDATE message
         SET fallback_sealed = NULL, queue_lane = NULL
       WHERE id = \(id)
         AND queue_lane = \(OutgoingMessage.receiptLane)
      """)
    return taken == 1 ? try row?.optionalBytes("fallback_sealed") : nil
  }

  /// Wipes codes that have expired without being needed on the phone.
  func wipeFallbacks(queuedWithin reach: TimeInterval, at now: Date) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE message
         SET fallback_sealed = NULL
       WHERE id > \(Self.first(at: now - reach))
         AND expires_at < \(now)
         AND fallback_sealed IS NOT NULL
      """)
  }
}
