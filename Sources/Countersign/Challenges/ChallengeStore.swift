import FoundationEssentials

/// The SQL of challenges.
struct ChallengeStore {
  let connection: Connection
  let phones: PhoneVault

  struct New {
    let token: Token
    let account: Account.ID
    let purpose: Challenge.Purpose
    let method: Factor
    let beginner: Challenge.Beginner
    let detailsSealed: [UInt8]?
    let detailsHash: [UInt8]?
    let expiresAt: Date
  }

  /// A code that was made for a challenge.
  struct Code {
    let nonce: [UInt8]
    let keyID: UInt32
    let mac: [UInt8]
    let destinationHash: [UInt8]
    let message: OutgoingMessage.ID
    let expiresAt: Date
  }

  /// A challenge as it was read, with its account and the factor it is answered by.
  struct Found {
    let tokenHash: [UInt8]
    let purpose: Challenge.Purpose
    let method: Factor
    let begunBy: String
    let session: Session.ID?
    let detailsSealed: [UInt8]?
    let detailsHash: [UInt8]?
    let nonce: [UInt8]
    let code: LiveCode?
    let codeIssuedAt: Date?
    let tries: Int
    let expiresAt: Date
    let endedAt: Date?
    let account: Account
    let factor: FactorRow?

    struct LiveCode {
      let keyID: UInt32
      let mac: [UInt8]
      let destinationHash: [UInt8]
      let message: OutgoingMessage.ID
      let expiresAt: Date
    }
  }

  func insert(_ new: New, at now: Date) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT INTO challenge (token_hash, account_id, purpose, method, begun_by, session_id, details_sealed,
                             details_hash, nonce, created_at, expires_at)
      VALUES (\(new.token.hash), \(new.account), \(new.purpose.rawValue), \(new.method.rawValue),
              \(new.beginner.word), \(new.beginner.session), \(new.detailsSealed), \(new.detailsHash),
              \(Random.bytes(16)), \(now), \(new.expiresAt))
      """)
  }

  /// Gives a challenge its code in place of every other that lives for the account and purpose.
  ///
  /// - Throws: `duplicateEntry` when another request did the same at the same time; the transaction
  ///   is to be run again.
  func setCode(
    _ tokenHash: [UInt8], _ account: Account.ID, _ purpose: Challenge.Purpose, _ code: Code,
    at now: Date
  ) throws(DatabaseError) {
    let live = account.bytes + Array(purpose.rawValue.utf8)
    try connection.execute(
      """
      UPDATE challenge
         SET code_mac = NULL
       WHERE live_code = \(live)
         AND token_hash <> \(tokenHash)
      """)
    try connection.execute(
      """
      UPDATE challenge
         SET method = 'sms', nonce = \(code.nonce), code_key_id = \(Int(code.keyID)), code_mac = \(code.mac),
             code_destination_hash = \(code.destinationHash), code_message_id = \(code.message),
             code_issued_at = \(now), code_expires_at = \(code.expiresAt), tries = 0
       WHERE token_hash = \(tokenHash)
      """)
  }

  /// Takes the one place to send another code; false while the gap lasts, when another request took
  /// it, or when the challenge is over.
  func markResent(_ tokenHash: [UInt8], issuedBefore: Date, at now: Date) throws(DatabaseError)
    -> Bool
  {
    try connection.execute(
      """
      UPDATE challenge
         SET code_issued_at = \(now)
       WHERE token_hash = \(tokenHash)
         AND (code_issued_at IS NULL OR code_issued_at <= \(issuedBefore))
         AND ended_at IS NULL
         AND expires_at > \(now)
      """) == 1
  }

  /// - Parameter kind: the factor that answers it; nil for the challenge's own method.
  func find(_ token: Token, answeredBy kind: Factor?) throws -> Found? {
    try find(hash: token.hash, answeredBy: kind)
  }

  private func find(hash: [UInt8], answeredBy kind: Factor?) throws -> Found? {
    try connection.first(
      """
      SELECT c.token_hash, c.purpose, c.method, c.begun_by, c.session_id, c.details_sealed, c.details_hash, c.nonce,
             c.code_key_id, c.code_mac, c.code_destination_hash, c.code_message_id, c.code_issued_at, c.code_expires_at,
             c.tries, c.expires_at, c.ended_at,
             f.kind, f.id AS factor_id, f.secret_sealed, f.provider_sid, f.confirmed_at, f.disabled_at, f.pending_id,
             f.pending_secret_sealed, f.pending_provider_sid, f.pending_until, f.last_step, f.used_codes, f.failures,
             a.id, a.email, a.name, a.locale, a.region, a.currency, a.role, a.second_factor, a.phone_sealed,
             a.phone_verified_at, a.cooling_off_until, a.created_at
        FROM challenge c
        JOIN account a ON a.id = c.account_id
        LEFT JOIN factor f ON f.account_id = c.account_id AND f.kind = COALESCE(\(kind?.rawValue), c.method)
       WHERE c.token_hash = \(hash)
      """
    ).map(found)
  }

  /// The message of the code that lives for an account and purpose.
  func messageOfLiveCode(_ account: Account.ID, _ purpose: Challenge.Purpose) throws(DatabaseError)
    -> OutgoingMessage.ID?
  {
    try connection.first(
      "SELECT code_message_id FROM challenge WHERE live_code = \(account.bytes + Array(purpose.rawValue.utf8))"
    )?.id("code_message_id")
  }

  /// The challenge whose code lives for an account and purpose.
  func findLive(_ account: Account.ID, _ purpose: Challenge.Purpose) throws -> Found? {
    let live = try connection.first(
      "SELECT token_hash FROM challenge WHERE live_code = \(account.bytes + Array(purpose.rawValue.utf8))"
    )
    return try live.flatMap { try find(hash: $0.bytes("token_hash"), answeredBy: nil) }
  }

  private func found(_ row: Row) throws -> Found {
    var code: Found.LiveCode?
    if let mac = try row.optionalBytes("code_mac") {
      code = Found.LiveCode(
        keyID: UInt32(truncatingIfNeeded: try row.int("code_key_id")), mac: mac,
        destinationHash: try row.bytes("code_destination_hash"),
        message: try row.id("code_message_id"),
        expiresAt: try row.time("code_expires_at"))
    }
    guard let method = Factor(rawValue: try row.text("method")) else {
      throw DatabaseError(.undecodable, statement: "challenge.method")
    }
    return Found(
      tokenHash: try row.bytes("token_hash"),
      purpose: Challenge.Purpose(rawValue: try row.text("purpose")), method: method,
      begunBy: try row.text("begun_by"),
      session: try row.isNull("session_id") ? nil : try row.id("session_id"),
      detailsSealed: try row.optionalBytes("details_sealed"),
      detailsHash: try row.optionalBytes("details_hash"), nonce: try row.bytes("nonce"), code: code,
      codeIssuedAt: try row.optionalTime("code_issued_at"), tries: try row.int("tries"),
      expiresAt: try row.time("expires_at"), endedAt: try row.optionalTime("ended_at"),
      account: try Account(row, phones),
      factor: try row.isNull("kind") ? nil : try FactorStore.factor(row, id: "factor_id"))
  }

  /// Charges one try, to the challenge and to the factor that answers it; false when either allows
  /// no more.
  ///
  /// One statement, committed before anything is compared: of any number of answers at once three
  /// are compared, and of an hour's over all challenges no more than the factor allows.
  ///
  /// - Parameters:
  ///   - needsCode: whether a code that was sent has to be alive.
  ///   - isBinding: true for a code that binds the factor, which is how a disabled one comes back.
  func charge(
    _ challenge: Found, _ kind: Factor, _ limit: FailureLimit, needsCode: Bool, isBinding: Bool,
    at now: Date
  ) throws(DatabaseError) -> Bool {
    try connection.execute(
      """
      UPDATE challenge c
        JOIN factor f ON f.account_id = c.account_id AND f.kind = \(kind.rawValue)
         SET c.tries = c.tries + 1,
             f.failures = LEFT(CONCAT(\(limit.stamp(now)), f.failures), \(limit.keptBytes)),
             f.failures_in_row = f.failures_in_row + 1
       WHERE c.token_hash = \(challenge.tokenHash)
         AND c.nonce = \(challenge.nonce)
         AND c.ended_at IS NULL
         AND c.tries < \(Challenge.maximumTries)
         AND c.expires_at > \(now)
         AND (NOT \(needsCode) OR c.code_mac IS NOT NULL AND c.code_expires_at > \(now))
         AND (\(isBinding) OR f.kind = 'backup'
              OR f.confirmed_at IS NOT NULL AND f.disabled_at IS NULL
                 AND f.failures_in_row < \(Factor.maximumFailuresInRow))
         AND (LENGTH(f.failures) < \(limit.keptBytes)
              OR SUBSTR(f.failures, \(limit.keptBytes - 7), 8) <= \(limit.stamp(now - FailureLimit.window)))
      """) > 0
  }

  /// Makes a code ours that a provider has approved: from now on it is compared here.
  func adoptCode(_ challenge: Found, keyID: UInt32, mac: [UInt8]) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE challenge
         SET code_key_id = \(Int(keyID)), code_mac = \(mac)
       WHERE token_hash = \(challenge.tokenHash)
         AND nonce = \(challenge.nonce)
         AND code_mac IS NOT NULL
      """)
  }

  /// Uses up the tries at a code that its provider has ended.
  func exhaust(_ challenge: Found) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE challenge
         SET tries = \(Challenge.maximumTries)
       WHERE token_hash = \(challenge.tokenHash)
         AND nonce = \(challenge.nonce)
      """)
  }

  /// Takes back a try that nobody judged.
  func refund(_ challenge: Found, _ kind: Factor) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE challenge c
        JOIN factor f ON f.account_id = c.account_id AND f.kind = \(kind.rawValue)
         SET c.tries = c.tries - 1, f.failures = SUBSTR(f.failures, 9), f.failures_in_row = f.failures_in_row - 1
       WHERE c.token_hash = \(challenge.tokenHash)
         AND c.nonce = \(challenge.nonce)
         AND c.ended_at IS NULL
         AND c.tries > 0
         AND f.failures_in_row > 0
      """)
  }

  /// Ends a challenge that was answered, and notes at the code's message that it was used; false when it is over, its account locked, or another code has taken the place
  /// of the one that was compared.
  func markAnswered(_ challenge: Found, needsCode: Bool, at now: Date) throws(DatabaseError) -> Bool
  {
    try connection.execute(
      """
      UPDATE challenge c
        JOIN account a ON a.id = c.account_id AND a.locked_at IS NULL
        LEFT JOIN message m ON \(needsCode) AND m.id = c.code_message_id
         SET c.ended_at = \(now), c.code_mac = NULL, m.used_at = \(now)
       WHERE c.token_hash = \(challenge.tokenHash)
         AND c.nonce = \(challenge.nonce)
         AND c.ended_at IS NULL
         AND c.expires_at > \(now)
         AND (NOT \(needsCode) OR c.code_mac IS NOT NULL AND c.code_expires_at > \(now))
      """) > 0
  }

  /// Ends everything that an account could still answer or redeem.
  func removeAll(of account: Account.ID) throws(DatabaseError) {
    try connection.execute("DELETE FROM challenge WHERE account_id = \(account)")
    try connection.execute("DELETE FROM authorization WHERE account_id = \(account)")
  }

  /// Removes challenges and authorizations a day after they ended, so that who answers late still
  /// hears that it was too late.
  func purge(at now: Date) throws(DatabaseError) -> Int {
    let before = now.addingTimeInterval(-24 * 3_600)
    return
      try connection.execute("DELETE FROM challenge WHERE expires_at < \(before) LIMIT 10000")
      + connection.execute("DELETE FROM authorization WHERE expires_at < \(before) LIMIT 10000")
  }
}
