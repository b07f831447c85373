import FoundationEssentials

/// The SQL of queueing and watching messages.
struct OutboxStore {
  private let connection: Connection

  init(_ connection: Connection) {
    self.connection = connection
  }

  /// A message as it is stored.
  struct Envelope {
    let destination: [UInt8]
    let hash: [UInt8]
    /// Of a number's last digits; nought for an address.
    var ending: [UInt8] = [0, 0, 0, 0]
    var country: String?
    var segments: Int?
    /// What it is expected to cost, in millionths of a US dollar.
    var price: Int?
    var payload: [UInt8] = []
    var fallback: [UInt8]?

    init(destination: [UInt8], hash: [UInt8]) {
      self.destination = destination
      self.hash = hash
    }
  }

  func insert(_ message: OutgoingMessage, _ envelope: Envelope, at now: Date)
    throws(DatabaseError)
  {
    let lane = message.kind.lane.rawValue
    try connection.execute(
      """
      INSERT INTO message (id, kind, channel, lane, account_id, notification_id, destination_sealed, destination_hash,
                           destination_ending, country,
                           segments, price, payload_sealed, fallback_sealed, queue_lane, due_at, expires_at, created_at)
      VALUES (\(message.id), \(message.kind.rawValue), \(message.channel.rawValue), \(lane), \(message.account), \(message.notification),
              \(envelope.destination), \(envelope.hash), \(envelope.ending), \(envelope.country), \(envelope.segments), \(envelope.price),
              \(envelope.payload), \(envelope.fallback), \(lane), \(now), \(message.expiresAt), \(now))
      """)
  }

  func standing(of id: OutgoingMessage.ID) throws(DatabaseError) -> (
    status: MessageStatus, failure: Failure?
  )? {
    guard let row = try connection.first("SELECT status, failure FROM message WHERE id = \(id)"),
      let status = MessageStatus(rawValue: try row.text("status"))
    else { return nil }
    return (status, try row.optionalText("failure").flatMap(Failure.init))
  }

  /// What became of a code; once its text has failed and it is said on the phone instead, of that call.
  func delivery(ofCode id: OutgoingMessage.ID) throws(DatabaseError) -> CodeDelivery? {
    guard
      let row = try connection.first(
        "SELECT channel, status, account_id, destination_hash, expires_at FROM message WHERE id = \(id)"
      )
    else { return nil }
    let own = try CodeDelivery(row)
    guard own.hasFailed, let account = try row.optionalBytes("account_id") else { return own }
    // Ids begin with their time, so what came later is a short end of the index. The call that takes a
    // text's place goes to its number and is over with its code.
    let call = try connection.first(
      """
      SELECT channel, status
        FROM message
       WHERE account_id = \(account)
         AND id > \(id)
         AND kind = 'code'
         AND channel = 'call'
         AND destination_hash = \(row.bytes("destination_hash"))
         AND expires_at = \(row.time("expires_at"))
       ORDER BY id DESC
       LIMIT 1
      """)
    guard let call else { return own }
    return try CodeDelivery(call)
  }

  /// What waits, by lane, and for how long the oldest of it has been due.
  func gauges(at now: Date) throws(DatabaseError) -> [Gauge] {
    var gauges: [Gauge] = []
    for row in try connection.all(
      """
      SELECT queue_lane, COUNT(*) AS waiting,
             CAST(GREATEST(0, TIMESTAMPDIFF(SECOND, MIN(due_at), \(now))) AS SIGNED) AS delay
        FROM message
       WHERE queue_lane IN (0, 1, 2)
         AND channel IN ('sms', 'call', 'email')
       GROUP BY queue_lane
      """)
    {
      let lane =
        OutgoingMessage.Lane(rawValue: try row.int("queue_lane")).map { "\($0)" } ?? "unknown"
      gauges.append(
        Gauge(
          "countersign_outbox_messages", "Messages that wait.", try row.int("waiting"),
          labels: "lane=\"\(lane)\""))
      gauges.append(
        Gauge(
          "countersign_outbox_delay_seconds", "How long the oldest waiting message has been due.",
          try row.int("delay"), labels: "lane=\"\(lane)\""))
    }
    return gauges
  }
}
