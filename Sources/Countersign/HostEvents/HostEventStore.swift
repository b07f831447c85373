package import FoundationEssentials

/// The SQL of events for the host.
package struct HostEventStore {
  private let connection: Connection

  package init(connection: Connection) {
    self.connection = connection
  }

  func insert(
    _ id: HostEvent.ID, _ kind: HostEvent.Kind, to endpoint: HostEvent.Endpoint = .host,
    subject: [UInt8], body: [UInt8], at now: Date
  ) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT INTO host_event (id, endpoint, type, subject, body, due_at, created_at)
      VALUES (\(id), \(endpoint.rawValue), \(kind.rawValue), \(subject), \(body), \(now), \(now))
      """)
  }

  /// An event that this courier posts.
  struct Claimed {
    let id: HostEvent.ID
    let endpoint: HostEvent.Endpoint
    let body: [UInt8]
    let attempts: Int
    let owner: [UInt8]
  }

  /// Claims what is due, in a transaction that is committed before anything is posted; of one subject
  /// only the first that is not answered yet, so that the host hears in order.
  func claim(
    for endpoints: [HostEvent.Endpoint], limit: Int, at now: Date, leaseUntil: Date
  ) throws -> [Claimed] {
    let owner = Random.bytes(16)
    let due = try connection.all(
      """
      SELECT id
        FROM host_event AS h
       WHERE status = 'pending'
         AND due_at <= \(now)
         AND endpoint IN (\(list: endpoints.map(\.rawValue)))
         AND NOT EXISTS (SELECT 1
                           FROM host_event AS e
                          WHERE e.subject = h.subject
                            AND e.status = 'pending'
                            AND (e.created_at < h.created_at OR e.created_at = h.created_at AND e.id < h.id))
       ORDER BY due_at
       LIMIT \(limit)
      """
    ).map { row -> HostEvent.ID in try row.id("id") }
    var claimed: [Claimed] = []
    for id in due {
      // Another courier may have taken it in between: the guard is what decides.
      let taken = try connection.execute(
        """
        UPDATE host_event
           SET owner = \(owner), due_at = \(leaseUntil), attempts = attempts + 1
         WHERE id = \(id)
           AND status = 'pending'
           AND due_at <= \(now)
        """)
      guard taken == 1,
        let row = try connection.first(
          "SELECT endpoint, body, attempts FROM host_event WHERE id = \(id)")
      else { continue }
      claimed.append(
        Claimed(
          id: id, endpoint: HostEvent.Endpoint(rawValue: try row.text("endpoint")) ?? .host,
          body: try row.bytes("body"), attempts: try row.int("attempts"),
          owner: owner))
    }
    return claimed
  }

  /// What the host answered to an event.
  struct Posted {
    let event: Claimed
    /// HTTP status; 0 for no answer.
    let answer: Int
    let isTaken: Bool
    /// When it is posted again; nil when it is taken, or given up.
    let due: Date?
  }

  func record(_ posted: Posted, at now: Date) throws(DatabaseError) {
    if posted.isTaken {
      try markDelivered(posted.event, answer: posted.answer, at: now)
    } else {
      try markFailed(posted.event, answer: posted.answer, due: posted.due, at: now)
    }
  }

  private func markDelivered(_ event: Claimed, answer: Int, at now: Date) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE host_event
         SET status = 'delivered', last_answer = \(answer), finished_at = \(now), owner = NULL
       WHERE id = \(event.id)
         AND owner = \(event.owner)
      """)
  }

  /// It is tried again at a time, or, without one, given up.
  private func markFailed(_ event: Claimed, answer: Int, due: Date?, at now: Date)
    throws(DatabaseError)
  {
    try connection.execute(
      """
      UPDATE host_event
         SET status = \(due == nil ? "dead" : "pending"), last_answer = \(answer), due_at = \(due ?? now),
             finished_at = \(due == nil ? now : nil), owner = NULL
       WHERE id = \(event.id)
         AND owner = \(event.owner)
      """)
  }

  // MARK: Operating

  /// An event as an operator sees it.
  package struct Listed {
    package let id: HostEvent.ID
    package let type: String
    package let status: String
    package let attempts: Int
    package let lastAnswer: Int?
    package let createdAt: Date
  }

  /// The newest events of a status.
  package func list(status: String, limit: Int) throws -> [Listed] {
    try connection.all(
      """
      SELECT id, type, status, attempts, last_answer, created_at
        FROM host_event
       WHERE status = \(status)
       ORDER BY id DESC
       LIMIT \(limit)
      """
    ).map { row in
      Listed(
        id: try row.id("id"), type: try row.text("type"), status: try row.text("status"),
        attempts: try row.int("attempts"), lastAnswer: try row.optionalInt("last_answer"),
        createdAt: try row.time("created_at"))
    }
  }

  /// Queues an event again, whatever became of it; false when there is none.
  package func replay(_ id: HostEvent.ID, at now: Date) throws(DatabaseError) -> Bool {
    try connection.execute(
      """
      UPDATE host_event
         SET status = 'pending', due_at = \(now), attempts = 0, owner = NULL, finished_at = NULL
       WHERE id = \(id)
      """) == 1
  }

  /// Queues again all that was given up.
  package func replayDead(at now: Date) throws(DatabaseError) -> Int {
    try connection.execute(
      """
      UPDATE host_event
         SET status = 'pending', due_at = \(now), attempts = 0, owner = NULL, finished_at = NULL
       WHERE status = 'dead'
      """)
  }

  func purge(at now: Date) throws(DatabaseError) -> Int {
    try connection.execute(
      """
      DELETE FROM host_event
       WHERE status IN ('delivered', 'dead')
         AND due_at < \(now.addingTimeInterval(-30 * 24 * 3_600))
       LIMIT 10000
      """)
  }
}
