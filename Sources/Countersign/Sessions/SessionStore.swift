import FoundationEssentials

/// The SQL of sessions.
struct SessionStore {
  let connection: Connection
  let vault: PhoneVault

  func insert(
    _ token: Token, _ id: Session.ID, _ account: Account.ID, _ factor: Factor?,
    _ client: ClientDescription, at now: Date,
    until end: Date
  ) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT INTO session (token_hash, id, account_id, aal, factor, factor_at, user_agent, address, created_at,
                           last_seen_at, expires_at)
      VALUES (\(token.hash), \(id), \(account), \(factor == nil ? 1 : 2), \(factor?.rawValue),
              \(factor == nil ? nil : now), \(client.userAgent), \(client.address), \(now), \(now), \(end))
      """)
  }

  struct Found {
    let id: Session.ID
    let level: Int
    let openedAt: Date
    let factorAt: Date?
    let factor: Factor?
    let account: Account
    let lastSeenAt: Date
    let end: Date
  }

  /// The live session of a token, with its account.
  func find(_ token: Token, at now: Date, idleSince: Date) throws -> Found? {
    let row = try connection.first(
      """
      SELECT s.id AS session_id, s.created_at AS opened_at, s.aal, s.factor, s.factor_at, s.last_seen_at, s.expires_at, a.id,
             a.email, a.name, a.locale, a.region, a.currency, a.role, a.second_factor, a.phone_sealed, a.phone_verified_at, a.cooling_off_until,
             a.created_at
        FROM session s
        JOIN account a ON a.id = s.account_id
       WHERE s.token_hash = \(token.hash)
         AND s.expires_at > \(now)
         AND s.last_seen_at > \(idleSince)
         AND a.locked_at IS NULL
      """)
    guard let row else { return nil }
    return Found(
      id: try row.id("session_id"), level: try row.int("aal"),
      openedAt: try row.time("opened_at"),
      factorAt: try row.optionalTime("factor_at"),
      factor: try row.optionalText("factor").flatMap { Factor(rawValue: $0) },
      account: try Account(row, vault),
      lastSeenAt: try row.time("last_seen_at"), end: try row.time("expires_at"))
  }

  func markSeen(_ token: Token, at now: Date) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE session
         SET last_seen_at = \(now)
       WHERE token_hash = \(token.hash)
         AND last_seen_at < \(now)
      """)
  }

  func list(_ account: Account.ID, at now: Date, idleSince: Date) throws(DatabaseError)
    -> [SessionSummary]
  {
    var summaries: [SessionSummary] = []
    for row in try connection.all(
      """
      SELECT id, user_agent, address, created_at, last_seen_at
        FROM session
       WHERE account_id = \(account)
         AND expires_at > \(now)
         AND last_seen_at > \(idleSince)
       ORDER BY last_seen_at DESC
       LIMIT 200
      """)
    {
      summaries.append(
        SessionSummary(
          id: try row.id("id"), userAgent: try row.text("user_agent"),
          address: String(decoding: try row.bytes("address"), as: UTF8.self),
          createdAt: try row.time("created_at"),
          lastSeenAt: try row.time("last_seen_at")))
    }
    return summaries
  }

  /// Ends one session of an account; false when the account has no such session.
  func delete(_ id: Session.ID, of account: Account.ID) throws(DatabaseError) -> Bool {
    try connection.execute("DELETE FROM session WHERE id = \(id) AND account_id = \(account)") == 1
  }

  func deleteAll(of account: Account.ID, except kept: Session.ID) throws(DatabaseError) {
    try connection.execute("DELETE FROM session WHERE account_id = \(account) AND id <> \(kept)")
  }

  /// Gives a session at level 2 to who holds one; its old token is dead. False when it has ended.
  func raise(
    _ id: Session.ID, of account: Account.ID, by factor: Factor, to token: Token, at now: Date,
    idleSince: Date
  ) throws(DatabaseError) -> Bool {
    try connection.execute(
      """
      UPDATE session
         SET token_hash = \(token.hash), aal = 2, factor = \(factor.rawValue), factor_at = \(now), last_seen_at = \(now)
       WHERE id = \(id)
         AND account_id = \(account)
         AND expires_at > \(now)
         AND last_seen_at > \(idleSince)
      """) == 1
  }

  func isLive(_ id: Session.ID, at now: Date, idleSince: Date) throws(DatabaseError) -> Bool {
    try connection.first(
      """
      SELECT 1 AS live
        FROM session
       WHERE id = \(id)
         AND expires_at > \(now)
         AND last_seen_at > \(idleSince)
      """) != nil
  }

  func end(of id: Session.ID) throws(DatabaseError) -> Date? {
    try connection.first("SELECT expires_at FROM session WHERE id = \(id)")?.time("expires_at")
  }

  func markProven(_ id: Session.ID, at now: Date) throws(DatabaseError) {
    try connection.execute("UPDATE session SET factor_at = \(now) WHERE id = \(id)")
  }

  func deleteAll(of account: Account.ID) throws(DatabaseError) {
    try connection.execute("DELETE FROM session WHERE account_id = \(account)")
  }

  /// Drops an account's sessions to the level of a password alone.
  func lowerLevel(of account: Account.ID) throws(DatabaseError) {
    try connection.execute("UPDATE session SET aal = 1 WHERE account_id = \(account) AND aal > 1")
  }

  func purge(at now: Date, idleSince: Date) throws(DatabaseError) -> Int {
    try connection.execute(
      "DELETE FROM session WHERE expires_at < \(now) OR last_seen_at < \(idleSince) LIMIT 10000")
  }
}
