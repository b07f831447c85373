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
    guard let (keyHash, requestHash) = try Self.hashes(request) else { return try act() }
    let now = request.time
    if try !claim(owner.id, keyHash, requestHash, now) {
      if let answer = try earlier(owner.id, keyHash, requestHash, now) { return answer }
    }
    let response: Response
    do {
      response = try act()
    } catch {
      try release(owner.id, keyHash)
      throw error
    }
    // What was done stays done: when this fails the row stays claimed, and a repetition is refused
    // rather than done again.
    try connection.transaction { try keep(response, owner.id, keyHash) }
    return response
  }

  private func release(_ owner: [UInt8], _ key: [UInt8]) throws(DatabaseError) {
    try connection.execute(
      """
      DELETE FROM idempotent_answer
       WHERE service_key_id = \(owner)
         AND key_hash = \(key)
         AND status IS NULL
      """)
  }

  private func keep(_ response: Response, _ owner: [UInt8], _ key: [UInt8]) throws {
    let sealed = try keys.seal(response.body, .payload, context: Self.context(owner, key))
    try connection.execute(
      """
      UPDATE idempotent_answer
         SET status = \(response.status.code), body = \(sealed)
       WHERE service_key_id = \(owner)
         AND key_hash = \(key)
      """)
  }

  /// The same for an act of one transaction: the answer is kept in the transaction of what it answers,
  /// so that whoever asks again after a crash hears what became of it.
  ///
  /// A request with a key that another one holds waits for it.
  ///
  /// - Parameter act: what it returns is committed, also when it is a refusal; an error undoes it.
  package func onceInTransaction(
    _ request: Request, _ owner: ServiceKey, _ act: () throws -> Result<Response, Rejection>
  ) throws -> Response {
    guard let (keyHash, requestHash) = try Self.hashes(request) else {
      return try connection.transaction(act).get()
    }
    let now = request.time
    return try connection.transaction { () -> Result<Response, Rejection> in
      if try !claim(owner.id, keyHash, requestHash, now),
        let answer = try earlier(owner.id, keyHash, requestHash, now)
      {
        return .success(answer)
      }
      let result = try act()
      switch result {
      case .success(let response): try keep(response, owner.id, keyHash)
      case .failure: try release(owner.id, keyHash)
      }
      return result
    }.get()
  }

  package func purge(at now: Date) throws(DatabaseError) -> Int {
    try connection.execute("DELETE FROM idempotent_answer WHERE expires_at < \(now) LIMIT 10000")
  }

  /// What a request's key and its contents are known by; nil without a key.
  ///
  /// - Throws: `invalid_field`.
  private static func hashes(_ request: Request) throws(Rejection) -> (
    key: [UInt8], request: [UInt8]
  )? {
    guard let key = request.headers[.idempotencyKey] else { return nil }
    guard (1...128).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw Rejection(.invalidField, field: "Idempotency-Key")
    }
    return (
      Array(SHA256.hash(data: Array(key.utf8))),
      Array(SHA256.hash(data: Array("\(request.method) \(request.path)\n".utf8) + request.body))
    )
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
      let status =
        [Response.Status.ok, .created, .accepted, .multiStatus].first { $0.code == code } ?? .ok
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
