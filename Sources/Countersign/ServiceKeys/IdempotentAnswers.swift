import Crypto
package import FoundationEssentials

/// Answers a host's request with an `Idempotency-Key` once, and repeats the answer for a day.
///
/// The key is claimed by inserting its row, so of two requests at once only one runs. Only a
/// success is kept: a refusal changed nothing, and the host may try again with the same key. It is
/// kept sealed, since an answer may hold what is shown only once.
package struct IdempotentAnswers {
  private let connection: Connection
  private let keys: KeyRing

  private static let lifetime: TimeInterval = 24 * 3_600
  /// After this long a request that left no answer is taken to have died with its process.
  private static let patience: TimeInterval = 60

  package init(_ connection: Connection, _ keys: KeyRing) {
    self.connection = connection
    self.keys = keys
  }

  /// Runs the act, or repeats its first answer with `Idempotent-Replayed: true`. Without the header
  /// it just runs.
  ///
  /// - Throws: `idempotency_mismatch` when the key came with another request;
  ///   `idempotency_in_progress` while the first one runs; `invalid_field` for a key that is not 1
  ///   to 128 visible ASCII characters.
  package func once(_ request: Request, _ owner: ServiceKey, _ act: () throws -> Response) throws
    -> Response
  {
    guard let key = request.headers[.idempotencyKey] else { return try act() }
    guard (1...128).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw Rejection(.invalidField, field: "Idempotency-Key")
    }
    let keyHash = Array(SHA256.hash(data: Array(key.utf8)))
    let requestHash = Array(
      SHA256.hash(data: Array("\(request.method) \(request.path)\n".utf8) + request.body))
    let now = request.time
    if try !claim(owner.id, keyHash, requestHash, now) {
      if let answer = try earlier(owner.id, keyHash, requestHash, now) { return answer }
    }
    let response: Response
    do {
      response = try act()
    } catch {
      try connection.execute(
        """
        DELETE FROM idempotent_answer
         WHERE service_key_id = \(owner.id)
           AND key_hash = \(keyHash)
           AND status IS NULL
        """)
      throw error
    }
    let sealed = try keys.seal(response.body, .payload, context: Self.context(owner.id, keyHash))
    // What was done stays done: when this fails the row stays claimed, and a repetition is refused
    // rather than done again.
    try connection.transaction {
      try connection.execute(
        """
        UPDATE idempotent_answer
           SET status = \(response.status.code), body = \(sealed)
         WHERE service_key_id = \(owner.id)
           AND key_hash = \(keyHash)
        """)
    }
    return response
  }

  package func purge(at now: Date) throws(DatabaseError) -> Int {
    try connection.execute("DELETE FROM idempotent_answer WHERE expires_at < \(now) LIMIT 10000")
  }

  private static func context(_ owner: [UInt8], _ key: [UInt8]) -> [UInt8] {
    Array("idempotent_answer|body|".utf8) + owner + key
  }

  private func claim(_ owner: [UInt8], _ key: [UInt8], _ request: [UInt8], _ now: Date) throws
    -> Bool
  {
    try connection.execute(
      """
      INSERT IGNORE INTO idempotent_answer (service_key_id, key_hash, request_hash, begun_at, expires_at)
      VALUES (\(owner), \(key), \(request), \(now), \(now.addingTimeInterval(Self.lifetime)))
      """) == 1
  }

  /// The answer that a taken key stands for; nil when the caller has taken the key over and runs
  /// the act itself.
  private func earlier(_ owner: [UInt8], _ key: [UInt8], _ request: [UInt8], _ now: Date) throws
    -> Response?
  {
    let row = try connection.first(
      """
      SELECT request_hash, status, body, expires_at
        FROM idempotent_answer
       WHERE service_key_id = \(owner)
         AND key_hash = \(key)
      """)
    guard let row else { throw Rejection(.idempotencyInProgress) }
    let isOver = try row.time("expires_at") <= now
    guard try isOver || row.bytes("request_hash") == request else {
      throw Rejection(.idempotencyMismatch)
    }
    if !isOver, let code = try row.optionalInt("status") {
      let status = [Response.Status.ok, .created, .accepted].first { $0.code == code } ?? .ok
      let body = try row.optionalBytes("body").map {
        try keys.open($0, .payload, context: Self.context(owner, key))
      }
      return Response(status, body: body ?? []).adding("Idempotent-Replayed", "true")
    }
    let taken = try connection.execute(
      """
      UPDATE idempotent_answer
         SET begun_at = \(now), request_hash = \(request), status = NULL, body = NULL,
             expires_at = \(now.addingTimeInterval(Self.lifetime))
       WHERE service_key_id = \(owner)
         AND key_hash = \(key)
         AND (expires_at <= \(now) OR status IS NULL AND begun_at < \(now.addingTimeInterval(-Self.patience)))
      """)
    guard taken == 1 else { throw Rejection(.idempotencyInProgress) }
    return nil
  }
}
