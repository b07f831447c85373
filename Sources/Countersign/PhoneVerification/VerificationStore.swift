import FoundationEssentials

/// The SQL of verifications.
struct VerificationStore {
  let connection: Connection

  struct Issue {
    let nonce: [UInt8]
    let keyID: UInt32
    let mac: [UInt8]
    let destinationSealed: [UInt8]
    let destinationHash: [UInt8]
    let channel: OutgoingMessage.Channel
    let message: OutgoingMessage.ID
    let expiresAt: Date
  }

  /// A row as it was read; every change is guarded by its nonce.
  struct Found {
    let nonce: [UInt8]
    let keyID: UInt32
    let mac: [UInt8]
    let destinationSealed: [UInt8]
    let destinationHash: [UInt8]
    let issuedAt: Date
    let expiresAt: Date
    let tries: Int
    let usedAt: Date?
    let failures: [UInt8]
    let message: OutgoingMessage.ID
  }

  /// Issues a code in place of the one before. Failures stay: asking for a new code must not buy
  /// new tries.
  func issue(
    _ purpose: VerificationCode.Purpose, _ subject: [UInt8], _ issue: Issue, at now: Date
  ) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT INTO verification (purpose, subject, nonce, key_id, mac, destination_sealed, destination_hash, channel,
                                message_id, issued_at, expires_at)
      VALUES (\(purpose.rawValue), \(subject), \(issue.nonce), \(Int(issue.keyID)), \(issue.mac),
              \(issue.destinationSealed), \(issue.destinationHash), \(issue.channel.rawValue), \(issue.message), \(now),
              \(issue.expiresAt))
          ON DUPLICATE KEY UPDATE
             nonce = VALUES(nonce), key_id = VALUES(key_id), mac = VALUES(mac),
             destination_sealed = VALUES(destination_sealed), destination_hash = VALUES(destination_hash),
             channel = VALUES(channel), message_id = VALUES(message_id), issued_at = VALUES(issued_at),
             expires_at = VALUES(expires_at), tries = 0, used_at = NULL
      """)
  }

  func find(_ purpose: VerificationCode.Purpose, _ subject: [UInt8]) throws(DatabaseError) -> Found?
  {
    let row = try connection.first(
      """
      SELECT nonce, key_id, mac, destination_sealed, destination_hash, message_id, issued_at, expires_at, tries,
             used_at, failures
        FROM verification
       WHERE purpose = \(purpose.rawValue)
         AND subject = \(subject)
      """)
    guard let row else { return nil }
    return Found(
      nonce: try row.bytes("nonce"), keyID: UInt32(truncatingIfNeeded: try row.int("key_id")),
      mac: try row.bytes("mac"), destinationSealed: try row.bytes("destination_sealed"),
      destinationHash: try row.bytes("destination_hash"), issuedAt: try row.time("issued_at"),
      expiresAt: try row.time("expires_at"), tries: try row.int("tries"),
      usedAt: try row.optionalTime("used_at"),
      failures: try row.bytes("failures"), message: try row.id("message_id"))
  }

  /// The message of the code there is.
  func message(_ purpose: VerificationCode.Purpose, _ subject: [UInt8]) throws(DatabaseError)
    -> OutgoingMessage.ID?
  {
    try connection.first(
      "SELECT message_id FROM verification WHERE purpose = \(purpose.rawValue) AND subject = \(subject)"
    )?.id("message_id")
  }

  /// Takes the one place to ask for another code; false while the gap lasts, or when another
  /// request took it.
  func markResent(
    _ purpose: VerificationCode.Purpose, _ subject: [UInt8], issuedBefore: Date, at now: Date
  ) throws(DatabaseError) -> Bool {
    try connection.execute(
      """
      UPDATE verification
         SET issued_at = \(now)
       WHERE purpose = \(purpose.rawValue)
         AND subject = \(subject)
         AND issued_at <= \(issuedBefore)
      """) == 1
  }

  /// Charges one try at the code with this nonce; false when the code is dead or the hour's
  /// failures are used up.
  ///
  /// The change is committed before any comparison, and `tries < …` is checked by the same
  /// statement that counts: of any number of guesses at once, three are compared.
  func charge(
    _ purpose: VerificationCode.Purpose, _ subject: [UInt8], nonce: [UInt8],
    failureLimit: FailureLimit, at now: Date
  ) throws(DatabaseError) -> Bool {
    try connection.execute(
      """
      UPDATE verification
         SET tries = tries + 1,
             failures = LEFT(CONCAT(\(failureLimit.stamp(now)), failures), \(failureLimit.keptBytes))
       WHERE purpose = \(purpose.rawValue)
         AND subject = \(subject)
         AND nonce = \(nonce)
         AND used_at IS NULL
         AND tries < \(VerificationCode.maximumTries)
         AND expires_at > \(now)
         AND (LENGTH(failures) < \(failureLimit.keptBytes)
              OR SUBSTR(failures, \(failureLimit.keptBytes - 7), 8) <= \(failureLimit.stamp(now - FailureLimit.window)))
      """) == 1
  }

  /// Uses the code up, and notes that at its message; false when another request did, or a newer code took its place.
  func markUsed(
    _ purpose: VerificationCode.Purpose, _ subject: [UInt8], nonce: [UInt8], at now: Date
  ) throws(DatabaseError) -> Bool {
    try connection.execute(
      """
      UPDATE verification v
        LEFT JOIN message m ON m.id = v.message_id
         SET v.used_at = \(now), v.failures = '', m.used_at = \(now)
       WHERE v.purpose = \(purpose.rawValue)
         AND v.subject = \(subject)
         AND v.nonce = \(nonce)
         AND v.used_at IS NULL
         AND v.expires_at > \(now)
      """) > 0
  }

  /// Uses an account's code up and makes its number the verified one, both or neither; false when
  /// the code was used or replaced in the meantime.
  ///
  /// - Throws: `duplicateEntry`, with nothing changed, when another account has verified the
  ///   number.
  func markUsedAndVerify(
    _ account: Account.ID, nonce: [UInt8], sealed: [UInt8], hash: [UInt8], at now: Date
  ) throws(DatabaseError) -> Bool {
    try connection.execute(
      """
      UPDATE verification v
        JOIN account a ON a.id = \(account)
        LEFT JOIN message m ON m.id = v.message_id
         SET v.used_at = \(now), v.failures = '', m.used_at = \(now),
             a.phone_sealed = \(sealed), a.phone_hash = \(hash), a.phone_verified_at = \(now)
       WHERE v.purpose = 'phone'
         AND v.subject = \(account.bytes)
         AND v.nonce = \(nonce)
         AND v.used_at IS NULL
         AND v.expires_at > \(now)
      """) > 0
  }

  /// Takes back the try of a code that was right and could not be used yet, or that nobody judged.
  func refund(
    _ purpose: VerificationCode.Purpose, _ subject: [UInt8], nonce: [UInt8]
  ) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE verification
         SET tries = tries - 1, failures = SUBSTR(failures, 9)
       WHERE purpose = \(purpose.rawValue)
         AND subject = \(subject)
         AND nonce = \(nonce)
         AND used_at IS NULL
         AND tries > 0
      """)
  }

  /// Makes a code ours that a provider has approved: from now on it is compared here.
  func adopt(
    _ purpose: VerificationCode.Purpose, _ subject: [UInt8], nonce: [UInt8], keyID: UInt32,
    mac: [UInt8]
  ) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE verification
         SET key_id = \(Int(keyID)), mac = \(mac)
       WHERE purpose = \(purpose.rawValue)
         AND subject = \(subject)
         AND nonce = \(nonce)
      """)
  }

  /// Uses up the tries of a code that its provider has ended. One that was approved at the same moment is used all the
  /// same: nothing but its life and its use decide about that.
  func exhaust(
    _ purpose: VerificationCode.Purpose, _ subject: [UInt8], nonce: [UInt8]
  ) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE verification
         SET tries = \(VerificationCode.maximumTries)
       WHERE purpose = \(purpose.rawValue)
         AND subject = \(subject)
         AND nonce = \(nonce)
      """)
  }

  /// Drops a code that would change an account's number.
  func removePhoneChange(of account: Account.ID) throws(DatabaseError) {
    try connection.execute(
      "DELETE FROM verification WHERE purpose = 'phone' AND subject = \(account.bytes)")
  }

  func insertProof(_ token: Token, sealed: [UInt8], hash: [UInt8], until end: Date)
    throws(DatabaseError)
  {
    try connection.execute(
      """
      INSERT INTO phone_proof (token_hash, phone_sealed, phone_hash, expires_at)
      VALUES (\(token.hash), \(sealed), \(hash), \(end))
      """)
  }

  /// The number that a proof stands for; nil when it is unknown, used, or over.
  func findProof(_ token: Token, at now: Date) throws(DatabaseError) -> [UInt8]? {
    try connection.first(
      """
      SELECT phone_sealed
        FROM phone_proof
       WHERE token_hash = \(token.hash)
         AND used_at IS NULL
         AND expires_at > \(now)
      """)?.bytes("phone_sealed")
  }

  func markProofUsed(_ token: Token, at now: Date) throws(DatabaseError) -> Bool {
    try connection.execute(
      """
      UPDATE phone_proof
         SET used_at = \(now)
       WHERE token_hash = \(token.hash)
         AND used_at IS NULL
         AND expires_at > \(now)
      """) == 1
  }

  /// Removes codes a day after they expired (their failures count for an hour), and proofs that are
  /// over.
  func purge(at now: Date) throws(DatabaseError) -> Int {
    try connection.execute(
      "DELETE FROM verification WHERE expires_at < \(now.addingTimeInterval(-24 * 3_600)) LIMIT 10000"
    )
      + connection.execute("DELETE FROM phone_proof WHERE expires_at < \(now) LIMIT 10000")
  }
}
