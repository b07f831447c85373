import FoundationEssentials

/// The SQL of claiming messages and recording what became of them.
struct CourierStore {
  let connection: Connection

  /// A message that this courier has, until its lease ends.
  struct Claimed {
    let id: OutgoingMessage.ID
    let kind: String
    let channel: OutgoingMessage.Channel
    let destinationHash: [UInt8]
    let destinationSealed: [UInt8]
    let payloadSealed: [UInt8]
    let expiresAt: Date
    let createdAt: Date
    /// Of a phone number, ISO 3166 alpha-2.
    let country: String?
    let attempts: Int
    /// Which of the providers of its route is to have it.
    let carrier: Int
    /// An earlier claim ended without an outcome, or the provider's answer was ambiguous.
    let isReclaimed: Bool
    /// Names this claim: its outcome is recorded only while it lasts, so that an outcome that comes
    /// late does not undo what another claim has done since.
    let owner: [UInt8]
    let leaseUntil: Date
  }

  /// The lanes and channels in which something is due, most urgent lane first.
  ///
  /// One look at the ends of the queue's index, whatever waits behind them, so that a ring for one
  /// code does not cost an UPDATE for every lane.
  func due(
    at now: Date
  ) throws(DatabaseError) -> [(OutgoingMessage.Lane, OutgoingMessage.Channel)] {
    var due: [(OutgoingMessage.Lane, OutgoingMessage.Channel)] = []
    for row in try connection.all(
      """
      SELECT channel, queue_lane, MIN(due_at) AS first
        FROM message
       WHERE channel IN ('sms', 'call', 'email')
         AND queue_lane IN (0, 1, 2)
       GROUP BY channel, queue_lane
       ORDER BY queue_lane
      """)
    {
      guard try row.time("first") <= now,
        let lane = OutgoingMessage.Lane(rawValue: try row.int("queue_lane")),
        let channel = OutgoingMessage.Channel(rawValue: try row.text("channel"))
      else { continue }
      due.append((lane, channel))
    }
    return due
  }

  /// Claims messages that are due, most urgent lane first, and commits before anything is sent.
  ///
  /// One UPDATE takes them: a lock held while sending would be local to one node of a cluster, and
  /// every node would send. A claimed row is due again when its lease ends, so a courier that died
  /// gives its messages back by dying.
  func claim(
    _ lane: OutgoingMessage.Lane, _ channel: OutgoingMessage.Channel, limit: Int, at now: Date,
    leaseUntil: Date
  ) throws -> [Claimed] {
    let owner = Random.bytes(16)
    // Assignments run from left to right: the first looks at the owner there was.
    let taken = try connection.execute(
      """
      UPDATE message
         SET is_reclaimed = owner IS NOT NULL, owner = \(owner), status = 'sending', attempts = LEAST(attempts + 1, 255),
             due_at = \(leaseUntil)
       WHERE channel = \(channel.rawValue)
         AND queue_lane = \(lane.rawValue)
         AND due_at <= \(now)
       ORDER BY due_at
       LIMIT \(limit)
      """)
    guard taken > 0 else { return [] }
    return try connection.all(
      """
      SELECT id, kind, channel, destination_hash, destination_sealed, payload_sealed, expires_at, created_at, country, attempts,
             carrier, is_reclaimed
        FROM message
       WHERE channel = \(channel.rawValue)
         AND queue_lane = \(lane.rawValue)
         AND due_at = \(leaseUntil)
         AND owner = \(owner)
      """
    ).map { row in
      Claimed(
        id: try row.id("id"), kind: try row.text("kind"),
        channel: OutgoingMessage.Channel(rawValue: try row.text("channel")) ?? .sms,
        destinationHash: try row.bytes("destination_hash"),
        destinationSealed: try row.bytes("destination_sealed"),
        payloadSealed: try row.optionalBytes("payload_sealed") ?? [],
        expiresAt: try row.time("expires_at"),
        createdAt: try row.time("created_at"), country: try row.optionalText("country"),
        attempts: try row.int("attempts"),
        carrier: try row.int("carrier"), isReclaimed: try row.bool("is_reclaimed"), owner: owner,
        leaseUntil: leaseUntil)
    }
  }

  /// The provider has it: the text is wiped, and the row leaves the queue. What could still be said on the phone
  /// is looked at again when it has expired; with a code of the provider's own there is nothing to say.
  func markSent(
    _ message: Claimed, provider: String, sid: String, _ progress: CarrierProgress, isHosted: Bool,
    at now: Date
  ) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE message
         SET status = \(progress.status.rawValue), status_rank = \(progress.rank), provider = \(provider), provider_sid = \(sid), failure = NULL, sent_at = \(now),
             finished_at = IF(\(progress.rank >= 4), \(now), NULL), payload_sealed = NULL, owner = NULL,
             fallback_sealed = IF(\(isHosted), NULL, fallback_sealed),
             queue_lane = IF(fallback_sealed IS NULL, NULL, \(OutgoingMessage.receiptLane)),
             due_at = IF(fallback_sealed IS NULL, due_at, expires_at)
       WHERE id = \(message.id)
         AND queue_lane IN (0, 1, 2)
      """)
  }

  /// It will not be sent: refused, expired, or given up; false when another claim has it by now. A code that was
  /// certainly not sent may be said on the phone.
  func markEnded(
    _ message: Claimed, _ status: MessageStatus, _ failure: Failure, code: Int?, at now: Date
  ) throws(DatabaseError) -> Bool {
    let mayCall = status == .failed && failure.isWorthCalling
    return try connection.execute(
      """
      UPDATE message
         SET status = \(status.rawValue), failure = \(failure.rawValue), error_code = \(code.map(String.init)),
             finished_at = \(now), queue_lane = IF(\(mayCall) AND fallback_sealed IS NOT NULL, \(OutgoingMessage.receiptLane), NULL),
             fallback_sealed = IF(\(mayCall), fallback_sealed, NULL),
             due_at = \(now), payload_sealed = NULL, owner = NULL
       WHERE id = \(message.id)
         AND queue_lane IN (0, 1, 2)
         AND owner = \(message.owner)
      """) == 1
  }

  /// It goes back into the queue, certainly not sent. Without a failure it was not even tried, and that is no attempt.
  func markQueued(_ message: Claimed, _ failure: Failure?, due: Date, carrier: Int)
    throws(DatabaseError)
  {
    try connection.execute(
      """
      UPDATE message
         SET status = 'queued', failure = \(failure?.rawValue), due_at = \(due), carrier = \(carrier), owner = NULL,
             attempts = attempts - (\(failure == nil) AND attempts > 0)
       WHERE id = \(message.id)
         AND queue_lane IN (0, 1, 2)
         AND owner = \(message.owner)
      """)
  }

  /// It may have been sent: the owner stays, so that whoever claims it next asks before sending.
  func markUnknown(_ message: Claimed, due: Date) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE message
         SET status = 'unknown', failure = \(Failure.outcomeUnknown.rawValue), due_at = \(due)
       WHERE id = \(message.id)
         AND queue_lane IN (0, 1, 2)
         AND owner = \(message.owner)
      """)
  }
}
