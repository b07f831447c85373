import FoundationEssentials

/// The SQL of accounts.
struct AccountStore {
  let connection: Connection
  let vault: PhoneVault

  struct New {
    let id: Account.ID
    let email: EmailAddress
    let passwordSealed: [UInt8]?
    let name: String?
    let locale: String
    let region: String
    let currency: String
    let externalID: String?
  }

  /// - Throws: `duplicateEntry` when the email address or the external id is taken.
  func insert(_ account: New, at now: Date) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT INTO account (id, email, email_key, external_id, password_sealed, name, locale, region, currency, created_at)
      VALUES (\(account.id), \(account.email.text), \(Array(account.email.key.utf8)),
              \(account.externalID.map { Array($0.utf8) }), \(account.passwordSealed), \(account.name),
              \(account.locale), \(account.region), \(account.currency), \(now))
      """)
  }

  /// Makes somebody an administrator. No program but the operator's may.
  func setRole(of id: Account.ID, _ role: Account.Role) throws(DatabaseError) {
    try connection.execute("UPDATE account SET role = \(role.rawValue) WHERE id = \(id)")
  }

  func find(_ email: EmailAddress) throws -> Account? {
    try connection.first(
      """
      SELECT id, email, name, locale, region, currency, role, second_factor, phone_sealed, phone_verified_at,
             cooling_off_until, created_at
        FROM account
       WHERE email_key = \(Array(email.key.utf8))
      """
    ).map { try Account($0, vault) }
  }

  /// The password's sealed hash; nil when the account has none. Only the programs that ask for a
  /// password are granted the column.
  func passwordSealed(of id: Account.ID) throws(DatabaseError) -> [UInt8]? {
    try connection.first("SELECT password_sealed FROM account WHERE id = \(id)")?.optionalBytes(
      "password_sealed")
  }

  func find(_ id: Account.ID) throws -> Account? {
    try connection.first(
      """
      SELECT id, email, name, locale, region, currency, role, second_factor, phone_sealed, phone_verified_at,
             cooling_off_until, created_at
        FROM account
       WHERE id = \(id)
      """
    ).map { try Account($0, vault) }
  }

  /// The same; nobody changes the account before the transaction ends.
  func lockedPasswordSealed(of id: Account.ID) throws(DatabaseError) -> [UInt8]? {
    try connection.first(
      "SELECT password_sealed FROM account WHERE id = \(id) LOCK IN SHARE MODE")?.optionalBytes(
        "password_sealed")
  }

  /// The factor that a login asks for, as it is now.
  func secondFactor(of id: Account.ID) throws(DatabaseError) -> Factor? {
    try connection.first("SELECT second_factor FROM account WHERE id = \(id)")?
      .optionalText("second_factor").flatMap { Factor(rawValue: $0) }
  }

  /// True while nobody signs in with it.
  func isLocked(_ id: Account.ID) throws(DatabaseError) -> Bool {
    try connection.first(
      "SELECT 1 AS locked FROM account WHERE id = \(id) AND locked_at IS NOT NULL") != nil
  }

  /// False when it was locked, or was not, already.
  func setLocked(_ id: Account.ID, _ time: Date?) throws(DatabaseError) -> Bool {
    try connection.execute(
      "UPDATE account SET locked_at = \(time) WHERE id = \(id) AND (locked_at IS NULL) = \(time != nil)"
    ) == 1
  }

  /// Leaves no password: nothing that anybody types is it.
  func removePassword(of id: Account.ID) throws(DatabaseError) {
    try connection.execute("UPDATE account SET password_sealed = NULL WHERE id = \(id)")
  }

  /// True while a number is the account's verified one; nobody changes it before the transaction ends.
  func isVerified(_ phoneHash: [UInt8], of id: Account.ID) throws(DatabaseError) -> Bool {
    try connection.first(
      """
      SELECT 1 AS verified
        FROM account
       WHERE id = \(id)
         AND verified_phone_hash = \(phoneHash)
        LOCK IN SHARE MODE
      """) != nil
  }

  func findID(externalID: String) throws(DatabaseError) -> Account.ID? {
    try connection.first("SELECT id FROM account WHERE external_id = \(Array(externalID.utf8))")?
      .id("id")
  }

  func isTaken(_ email: EmailAddress) throws(DatabaseError) -> Bool {
    try connection.first(
      "SELECT 1 AS taken FROM account WHERE email_key = \(Array(email.key.utf8))") != nil
  }

  func setPassword(of id: Account.ID, sealed: [UInt8]) throws(DatabaseError) {
    try connection.execute("UPDATE account SET password_sealed = \(sealed) WHERE id = \(id)")
  }

  func setEmail(of id: Account.ID, _ email: EmailAddress) throws(DatabaseError) {
    try connection.execute(
      "UPDATE account SET email = \(email.text), email_key = \(Array(email.key.utf8)) WHERE id = \(id)"
    )
  }

  /// Changes what is given, and leaves the rest as it is.
  func setProfile(
    of id: Account.ID, name: String?, locale: String?, region: String?, currency: String?
  ) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE account
         SET name = COALESCE(\(name), name), locale = COALESCE(\(locale), locale),
             region = COALESCE(\(region), region), currency = COALESCE(\(currency), currency)
       WHERE id = \(id)
      """)
  }

  // MARK: Phone

  /// A number given at registration and not proven; it takes the place of no verified one.
  func setUnverifiedPhone(of id: Account.ID, sealed: [UInt8], hash: [UInt8]) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE account
         SET phone_sealed = \(sealed), phone_hash = \(hash), phone_verified_at = NULL
       WHERE id = \(id)
         AND phone_verified_at IS NULL
      """)
  }

  /// - Throws: `duplicateEntry` when another account has verified the number.
  func setVerifiedPhone(of id: Account.ID, sealed: [UInt8], hash: [UInt8], at now: Date)
    throws(DatabaseError)
  {
    try connection.execute(
      """
      UPDATE account
         SET phone_sealed = \(sealed), phone_hash = \(hash), phone_verified_at = \(now)
       WHERE id = \(id)
      """)
  }

  /// Calls the number that an account has verified; false when it is another one, or is verified already.
  ///
  /// - Throws: `duplicateEntry` when another account has verified the number.
  func verifyPhone(of id: Account.ID, _ hash: [UInt8], at now: Date) throws(DatabaseError) -> Bool {
    try connection.execute(
      """
      UPDATE account
         SET phone_verified_at = \(now)
       WHERE id = \(id)
         AND phone_hash = \(hash)
         AND phone_verified_at IS NULL
      """) == 1
  }

  func removePhone(of id: Account.ID) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE account
         SET phone_sealed = NULL, phone_hash = NULL, phone_verified_at = NULL
       WHERE id = \(id)
      """)
  }

  /// Who has verified a number; nobody takes it away before the transaction ends.
  func holder(of phoneHash: [UInt8]) throws(DatabaseError) -> (
    id: Account.ID, email: String, language: Language
  )? {
    guard
      let row = try connection.first(
        "SELECT id, email, locale FROM account WHERE verified_phone_hash = \(phoneHash) FOR UPDATE"
      )
    else { return nil }
    return (try row.id("id"), try row.text("email"), Language(try row.text("locale")))
  }

  /// The account that has verified a number.
  func find(verifiedPhone hash: [UInt8]) throws -> Account? {
    try connection.first(
      """
      SELECT id, email, name, locale, region, currency, role, second_factor, phone_sealed, phone_verified_at,
             cooling_off_until, created_at
        FROM account
       WHERE verified_phone_hash = \(hash)
      """
    ).map { try Account($0, vault) }
  }

  /// Lets large transfers wait; a longer wait that already runs stays.
  func coolOff(_ id: Account.ID, until end: Date) throws(DatabaseError) {
    try connection.execute(
      """
      UPDATE account
         SET cooling_off_until = \(end)
       WHERE id = \(id)
         AND (cooling_off_until IS NULL OR cooling_off_until < \(end))
      """)
  }
}
