import FoundationEssentials

/// The SQL of factors and backup codes.
struct FactorStore {
  let connection: Connection

  func find(_ kind: Factor, of account: Account.ID) throws(DatabaseError) -> FactorRow? {
    try connection.first(
      """
      SELECT kind, id, secret_sealed, provider_sid, confirmed_at, disabled_at, pending_id, pending_secret_sealed,
             pending_provider_sid, pending_until, last_step, used_codes, failures
        FROM factor
       WHERE account_id = \(account)
         AND kind = \(kind.rawValue)
      """
    ).map { (row) throws(DatabaseError) in try Self.factor(row) }
  }

  func all(of account: Account.ID) throws(DatabaseError) -> [FactorRow] {
    var factors: [FactorRow] = []
    for row in try connection.all(
      """
      SELECT kind, id, secret_sealed, provider_sid, confirmed_at, disabled_at, pending_id, pending_secret_sealed,
             pending_provider_sid, pending_until, last_step, used_codes, failures
        FROM factor
       WHERE account_id = \(account)
      """)
    {
      factors.append(try Self.factor(row))
    }
    return factors
  }

  /// - Parameter idColumn: what the factor's id is called in the row.
  static func factor(_ row: Row, id idColumn: String = "id") throws(DatabaseError) -> FactorRow {
    guard let kind = Factor(rawValue: try row.text("kind")) else {
      throw DatabaseError(.undecodable, statement: "factor.kind")
    }
    var pending: FactorRow.Pending?
    if try !row.isNull("pending_id") {
      pending = FactorRow.Pending(
        id: try row.id("pending_id"),
        secret: try secret(row, "pending_secret_sealed", "pending_provider_sid"),
        until: try row.time("pending_until"))
    }
    return FactorRow(
      kind: kind, id: try row.id(idColumn),
      secret: try secret(row, "secret_sealed", "provider_sid"),
      confirmedAt: try row.optionalTime("confirmed_at"),
      disabledAt: try row.optionalTime("disabled_at"),
      pending: pending, lastStep: try row.int("last_step"), usedCodes: try row.bytes("used_codes"),
      failures: try row.bytes("failures"))
  }

  private static func secret(_ row: Row, _ sealed: String, _ sid: String) throws(DatabaseError)
    -> AppSecret?
  {
    if let sid = try row.optionalText(sid) { return .hosted(sid: sid) }
    return try row.optionalBytes(sealed).map(AppSecret.sealed)
  }

  // MARK: Binding

  /// Begins a binding in place of one that was begun before; what is bound already stays in force.
  func begin(
    _ kind: Factor, of account: Account.ID, _ id: AppBinding.ID, _ secret: AppSecret?,
    until end: Date
  ) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT INTO factor (account_id, kind, id, pending_id, pending_secret_sealed, pending_provider_sid, pending_until)
      VALUES (\(account), \(kind.rawValue), \(id), \(id), \(secret?.sealed), \(secret?.sid), \(end))
          ON DUPLICATE KEY UPDATE
             pending_id = VALUES(pending_id), pending_secret_sealed = VALUES(pending_secret_sealed),
             pending_provider_sid = VALUES(pending_provider_sid), pending_until = VALUES(pending_until)
      """)
  }

  /// Puts a confirmed binding in force, with its counters at nought; false when it is over, or
  /// another has taken its place.
  ///
  /// - Parameter proof: the code that confirmed it, which is used up by that.
  func confirm(
    _ kind: Factor, of account: Account.ID, _ pending: AppBinding.ID, _ proof: AppProof?,
    at now: Date
  ) throws(DatabaseError) -> Bool {
    var match: TOTP.Match?
    var used: [UInt8] = []
    switch proof {
    case .step(let found): match = found
    case .code(let mac): used = mac
    case nil: break
    }
    return try connection.execute(
      """
      UPDATE factor
         SET id = pending_id, secret_sealed = pending_secret_sealed, provider_sid = pending_provider_sid,
             confirmed_at = \(now), pending_id = NULL, pending_secret_sealed = NULL, pending_provider_sid = NULL,
             pending_until = NULL,
             last_step = \(match?.step ?? 0), drift = \(match?.drift ?? 0), used_codes = \(used),
             failures = '', failures_in_row = 0, owner_told_at = NULL, disabled_at = NULL
       WHERE account_id = \(account)
         AND kind = \(kind.rawValue)
         AND pending_id = \(pending)
         AND pending_until > \(now)
      """) == 1
  }

  func remove(_ kind: Factor, of account: Account.ID) throws(DatabaseError) {
    try connection.execute(
      "DELETE FROM factor WHERE account_id = \(account) AND kind = \(kind.rawValue)")
  }

  @discardableResult
  func removeAll(of account: Account.ID) throws(DatabaseError) -> Bool {
    let removed = try connection.execute("DELETE FROM factor WHERE account_id = \(account)")
    try connection.execute("DELETE FROM backup_code WHERE account_id = \(account)")
    return removed > 0
  }

  /// Writes onto the account which factor a login asks for: the app where both are on. Sessions are
  /// read with their account, and know it from there.
  func settlePreferred(of account: Account.ID) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE account
         SET second_factor = (SELECT IF(MAX(kind = 'app') = 1, 'app', MAX(kind))
                                FROM factor
                               WHERE account_id = \(account)
                                 AND kind IN ('sms', 'app')
                                 AND confirmed_at IS NOT NULL)
       WHERE id = \(account)
      """)
  }

  // MARK: Trying

  /// Charges one try at a factor outside any challenge; false when the hour's are used up, or the
  /// factor is disabled.
  ///
  /// - Parameter isBinding: true for a code that binds the factor, which is how a disabled one comes
  ///   back.
  func charge(
    _ kind: Factor, of account: Account.ID, _ limit: FailureLimit, isBinding: Bool, at now: Date
  ) throws(DatabaseError) -> Bool {
    try connection.execute(
      """
      UPDATE factor
         SET failures = LEFT(CONCAT(\(limit.stamp(now)), failures), \(limit.keptBytes)),
             failures_in_row = failures_in_row + 1
       WHERE account_id = \(account)
         AND kind = \(kind.rawValue)
         AND (\(isBinding) OR kind = 'backup'
              OR disabled_at IS NULL AND failures_in_row < \(Factor.maximumFailuresInRow))
         AND (LENGTH(failures) < \(limit.keptBytes)
              OR SUBSTR(failures, \(limit.keptBytes - 7), 8) <= \(limit.stamp(now - FailureLimit.window)))
      """) == 1
  }

  /// How many codes of a provider's app are remembered: more than are good at one time with the widest window it
  /// may be set to.
  private static let rememberedBytes = 10 * 16

  /// Accepts a code, once; false when it was accepted before, or one of a later step.
  ///
  /// - Parameter binding: the one that the code was judged by.
  func accept(_ proof: AppProof, _ binding: AppBinding.ID, of account: Account.ID)
    throws(DatabaseError) -> Bool
  {
    switch proof {
    case .step(let match): try accept(match, binding, of: account)
    case .code(let mac):
      try connection.execute(
        """
        UPDATE factor
           SET used_codes = LEFT(CONCAT(\(mac), used_codes), \(Self.rememberedBytes)), failures = '', failures_in_row = 0
         WHERE account_id = \(account)
           AND kind = 'app'
           AND id = \(binding)
           AND LOCATE(\(mac), used_codes) = 0
        """) == 1
    }
  }

  private func accept(_ match: TOTP.Match, _ binding: AppBinding.ID, of account: Account.ID)
    throws(DatabaseError) -> Bool
  {
    try connection.execute(
      """
      UPDATE factor
         SET last_step = \(match.step), drift = \(match.drift), failures = '', failures_in_row = 0
       WHERE account_id = \(account)
         AND kind = 'app'
         AND id = \(binding)
         AND last_step < \(match.step)
      """) == 1
  }

  /// Takes back a try that nobody judged.
  func refund(_ kind: Factor, of account: Account.ID) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE factor
         SET failures = SUBSTR(failures, 9), failures_in_row = failures_in_row - 1
       WHERE account_id = \(account)
         AND kind = \(kind.rawValue)
         AND failures_in_row > 0
      """)
  }

  /// Forgets the failures of a factor that was just proven.
  func markSucceeded(_ kind: Factor, of account: Account.ID) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE factor
         SET failures = '', failures_in_row = 0
       WHERE account_id = \(account)
         AND kind = \(kind.rawValue)
      """)
  }

  /// Disables a factor that failed too often in a row; true for the one caller that did.
  func disableIfExhausted(_ kind: Factor, of account: Account.ID, at now: Date)
    throws(DatabaseError) -> Bool
  {
    try connection.execute(
      """
      UPDATE factor
         SET disabled_at = \(now)
       WHERE account_id = \(account)
         AND kind = \(kind.rawValue)
         AND kind <> 'backup'
         AND failures_in_row >= \(Factor.maximumFailuresInRow)
         AND disabled_at IS NULL
      """) == 1
  }

  /// Takes the one place of an hour to tell the owner that all tries are used up.
  func markOwnerTold(_ kind: Factor, of account: Account.ID, _ limit: FailureLimit, at now: Date)
    throws(DatabaseError) -> Bool
  {
    let start = now - FailureLimit.window
    return try connection.execute(
      """
      UPDATE factor
         SET owner_told_at = \(now)
       WHERE account_id = \(account)
         AND kind = \(kind.rawValue)
         AND confirmed_at IS NOT NULL
         AND LENGTH(failures) >= \(limit.keptBytes)
         AND SUBSTR(failures, \(limit.keptBytes - 7), 8) > \(limit.stamp(start))
         AND (owner_told_at IS NULL OR owner_told_at <= \(start))
      """) == 1
  }

  // MARK: Backup codes

  /// Puts a set of codes in the place of the one before.
  func replaceBackupCodes(of account: Account.ID, _ codes: [BackupCode], at now: Date)
    throws(DatabaseError)
  {
    try connection.execute("DELETE FROM backup_code WHERE account_id = \(account)")
    for code in codes {
      try connection.execute(
        "INSERT INTO backup_code (account_id, hash) VALUES (\(account), \(code.hash))")
    }
    try connection.execute(
      """
      INSERT INTO factor (account_id, kind, id, confirmed_at)
      VALUES (\(account), 'backup', \(AppBinding.ID(at: now)), \(now))
          ON DUPLICATE KEY UPDATE
             id = VALUES(id), confirmed_at = VALUES(confirmed_at), failures = '', failures_in_row = 0,
             owner_told_at = NULL, disabled_at = NULL
      """)
  }

  func hasUnused(_ code: BackupCode, of account: Account.ID) throws(DatabaseError) -> Bool {
    try connection.first(
      """
      SELECT 1 AS unused
        FROM backup_code
       WHERE account_id = \(account)
         AND hash = \(code.hash)
         AND used_at IS NULL
      """) != nil
  }

  func markUsed(_ code: BackupCode, of account: Account.ID, at now: Date) throws(DatabaseError)
    -> Bool
  {
    try connection.execute(
      """
      UPDATE backup_code
         SET used_at = \(now)
       WHERE account_id = \(account)
         AND hash = \(code.hash)
         AND used_at IS NULL
      """) == 1
  }

  func countUnused(of account: Account.ID) throws(DatabaseError) -> Int {
    try connection.first(
      """
      SELECT COUNT(*) AS unused
        FROM backup_code
       WHERE account_id = \(account)
         AND used_at IS NULL
      """)?.int("unused") ?? 0
  }
}
