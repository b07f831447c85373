package import FoundationEssentials

/// What answering a challenge gives: the right to do one thing, once, within five minutes.
package struct Authorizations {
  private let connection: Connection

  private static let lifetime: TimeInterval = 5 * 60

  package init(_ connection: Connection) {
    self.connection = connection
  }

  /// An authorization that was redeemed.
  package struct Redeemed: Sendable {
    package let account: Account.ID
    /// The factor that confirmed it.
    package let method: Factor
  }

  /// Issues one; called inside the transaction that ends the challenge.
  func issue(
    _ account: Account.ID, _ purpose: Challenge.Purpose, details: [UInt8]?, method: Factor,
    at now: Date
  ) throws(DatabaseError) -> (token: Secret, expiresAt: Date) {
    let token = Token()
    let end = now + Self.lifetime
    try connection.execute(
      """
      INSERT INTO authorization (token_hash, account_id, purpose, details_hash, method, created_at, expires_at)
      VALUES (\(token.hash), \(account), \(purpose.rawValue), \(details), \(method.rawValue), \(now), \(end))
      """)
    return (token.text, end)
  }

  /// Redeems one for the host, which then does what was confirmed.
  ///
  /// It is ended first and compared afterwards, so that it is good for one look: presented for
  /// another purpose, amount, currency, or payee it is dead (Regulation (EU) 2018/389, Article
  /// 5(1)(d)).
  ///
  /// - Parameter details: what is about to be done, once it is known for whom; nil for what has no
  ///   details.
  /// - Returns: what was redeemed, or the refusal: `authorization_invalid` when it is unknown, used, or
  ///   over; `details_mismatch`. It is returned, for the transaction around it has to be committed.
  package func redeem(
    _ text: String, for purpose: Challenge.Purpose, at now: Date,
    details: (Account.ID) throws -> TransactionDetails?
  ) throws -> Result<Redeemed, Rejection> {
    guard let token = Token(received: text) else {
      return .failure(Rejection(.authorizationInvalid))
    }
    let ended = try connection.execute(
      """
      UPDATE authorization z
        JOIN account a ON a.id = z.account_id AND a.locked_at IS NULL
         SET z.ended_at = \(now)
       WHERE z.token_hash = \(token.hash)
         AND z.ended_at IS NULL
         AND z.expires_at > \(now)
      """)
    guard ended == 1,
      let row = try connection.first(
        "SELECT account_id, purpose, details_hash, method FROM authorization WHERE token_hash = \(token.hash)"
      ),
      let method = Factor(rawValue: try row.text("method"))
    else { return .failure(Rejection(.authorizationInvalid)) }
    let account: Account.ID = try row.id("account_id")
    let expected: [UInt8]?
    do {
      expected = try details(account)?.hash
    } catch let rejection as Rejection {
      return .failure(rejection)
    }
    guard try row.text("purpose") == purpose.rawValue,
      try row.optionalBytes("details_hash") == expected
    else { return .failure(Rejection(.detailsMismatch)) }
    return .success(Redeemed(account: account, method: method))
  }

  /// Uses one up for an act of our own, which an account with a second factor on needs; called
  /// inside the act's transaction, so that what is not done costs none.
  ///
  /// - Throws: `step_up_required`, with the purpose of the challenge to begin, without a live one of
  ///   this account and purpose.
  func require(
    _ authorization: Secret?, for purpose: Challenge.Purpose, of account: Account, at now: Date
  ) throws {
    // It may have been turned on since the account was read.
    guard try account.secondFactor != nil || isSecondFactorOn(account.id) else { return }
    let isUsed = try authorization.flatMap { Token(received: $0.reveal()) }.map { token in
      try connection.execute(
        """
        UPDATE authorization
           SET ended_at = \(now)
         WHERE token_hash = \(token.hash)
           AND account_id = \(account.id)
           AND purpose = \(purpose.rawValue)
           AND details_hash IS NULL
           AND ended_at IS NULL
           AND expires_at > \(now)
        """) == 1
    }
    guard isUsed == true else { throw Self.stepUp(for: purpose) }
  }

  private func isSecondFactorOn(_ account: Account.ID) throws(DatabaseError) -> Bool {
    try connection.first(
      "SELECT second_factor FROM account WHERE id = \(account) LOCK IN SHARE MODE")?.isNull(
        "second_factor") == false
  }

  static func stepUp(for purpose: Challenge.Purpose) -> Rejection {
    Rejection(.stepUpRequired).adding("purpose", .text(purpose.rawValue))
  }
}
