package import FoundationEssentials

/// Binding second factors to an account, and taking them off.
///
/// A factor counts from the code that confirms it: until then a secret opens nothing, and one that
/// was bound before stays in force. What changes the factors of an account that has one asks for a
/// fresh proof of it; a session alone, which may be stolen, does not do.
package struct SecondFactors {
  private let connection: Connection
  private let checks: FactorChecks
  private let challenges: Challenges
  private let challengeStore: ChallengeStore
  private let authorizations: Authorizations
  private let accounts: AccountStore
  private let passwords: PasswordCheck
  private let sessions: Sessions
  private let devices: DeviceStore
  private let verifications: VerificationStore
  private let notices: SecurityNotices
  private let issuer: String
  private let coolingOff: TimeInterval

  /// How long a binding waits for the code that confirms it.
  private static let bindingLifetime: TimeInterval = 10 * 60
  /// How long a password, or a second factor, that was proven in the session counts as fresh.
  private static let freshness: TimeInterval = 15 * 60

  package init(_ connection: Connection, _ configuration: Configuration) {
    self.connection = connection
    let phones = PhoneVault(configuration.keys)
    checks = FactorChecks(connection, configuration)
    challenges = Challenges(connection, configuration)
    challengeStore = ChallengeStore(connection: connection, phones: phones)
    authorizations = Authorizations(connection)
    accounts = AccountStore(connection: connection, vault: phones)
    passwords = PasswordCheck(connection, configuration)
    sessions = Sessions(connection, configuration)
    devices = DeviceStore(connection: connection)
    verifications = VerificationStore(connection: connection)
    notices = SecurityNotices(connection, configuration)
    issuer = configuration.productName
    coolingOff = TimeInterval(configuration.limits.coolingOffHours) * 3_600
  }

  // MARK: Binding

  /// Sends a code to the account's verified number, to turn on codes by text message.
  ///
  /// - Throws: `phone_not_verified`; `factor_on` when they are; `app_required` for an administrator;
  ///   `password_required`, `step_up_required`; `send_limit_reached`.
  package func enableSMS(_ session: Session, _ proof: Proof, address: String, at now: Date) throws
    -> Challenge.Begun
  {
    let account = session.account
    guard !account.role.isAdministrative else { throw Rejection(.appRequired) }
    guard account.isPhoneVerified else { throw Rejection(.phoneNotVerified) }
    if try checks.store.find(.sms, of: account.id)?.isUsable == true {
      throw Rejection(.factorOn)
    }
    try requirePassword(session, proof, at: now)
    return try challenges.beginBinding(of: account, by: session, address: address, at: now) {
      try requireFactor(session, proof, toBind: .sms, at: now)
      try checks.store.begin(
        .sms, of: account.id, AppBinding.ID(at: now), nil,
        until: now + Self.bindingLifetime)
    }
  }

  /// Makes a secret for an authenticator app; it counts once a code of it was entered.
  ///
  /// - Throws: `password_required`, `step_up_required`.
  package func enableApp(_ session: Session, _ proof: Proof, at now: Date) throws -> AppBinding {
    let account = session.account
    try requirePassword(session, proof, at: now)
    let id = AppBinding.ID(at: now)
    guard checks.apps.binds else {
      let secret = Random.bytes(TOTP.secretLength)
      let sealed = try checks.seal(secret, of: account.id)
      try connection.transaction {
        try requireFactor(session, proof, toBind: .app, at: now)
        try begin(id, .sealed(sealed), of: account, at: now)
      }
      return AppBinding(
        id: id, secret: Secret(Base32.encode(secret)), issuer: issuer, email: account.email)
    }
    // The provider is asked only for who may have it; what was proven for that is used up even if it fails.
    try connection.transaction { try requireFactor(session, proof, toBind: .app, at: now) }
    let created = try checks.apps.create(for: account.id)
    try connection.transaction { try begin(id, .hosted(sid: created.sid), of: account, at: now) }
    return AppBinding(id: id, secret: created.secret, issuer: issuer, email: account.email)
  }

  private func begin(_ id: AppBinding.ID, _ secret: AppSecret, of account: Account, at now: Date)
    throws(DatabaseError)
  {
    try checks.store.begin(.app, of: account.id, id, secret, until: now + Self.bindingLifetime)
  }

  /// What a binding gives: codes to write down, shown this once, and the session at level 2.
  package struct Enabled: Sendable {
    package let backupCodes: [String]
    package let session: IssuedSession
  }

  /// Confirms the binding that was begun last, by the code that was sent or that the app shows.
  ///
  /// All other sessions end: whoever opened one proved a password at most.
  ///
  /// - Parameter kind: the only one to confirm; nil for whichever was begun last.
  /// - Throws: `nothing_to_confirm`; `code_incorrect`; `too_many_attempts`; `challenge_exhausted`.
  package func confirm(_ session: Session, _ kind: Factor? = nil, _ code: String, at now: Date)
    throws -> Enabled
  {
    let account = session.account
    let pending = try checks.store.all(of: account.id).compactMap { factor in
      factor.pending.flatMap { $0.until > now ? (factor: factor, pending: $0) : nil }
    }
    let latest = pending.filter { kind == nil || $0.factor.kind == kind }
      .max { $0.pending.until < $1.pending.until }
    guard let (factor, binding) = latest else { throw Rejection(.nothingToConfirm) }
    var challenge: ChallengeStore.Found?
    let proven: ProvenFactor
    if factor.kind == .sms {
      do {
        let checked = try challenges.checkBinding(of: session, code, at: now)
        challenge = checked.challenge
        proven = checked.proven
      } catch let rejection as Rejection where rejection.reason == .codeUnauthorized {
        throw rejection.replacing(.codeIncorrect)
      }
    } else {
      guard VerificationCode.isWellFormed(code) else { throw Rejection(.codeIncorrect) }
      do {
        try checks.charge(factor, of: account, isBinding: true, at: now)
      } catch let rejection as Rejection where rejection.reason == .codeUnauthorized {
        throw Rejection(.codeIncorrect)
      }
      let found = try refunding(.app, of: account) {
        try checks.match(code, binding, of: account.id, at: now)
      }
      guard let found else {
        try checks.failed(.app, factor.failures, of: account, at: now)
        throw Rejection(.codeIncorrect)
      }
      proven = .app(found, of: binding.id)
    }
    let enabled = try connection.transaction {
      if let challenge {
        do {
          try challenges.use(proven, challenge, at: now)
        } catch let rejection as Rejection where rejection.reason == .codeUnauthorized {
          throw rejection.replacing(.codeIncorrect)
        }
      }
      return try bind(factor, binding, proven, session, at: now)
    }
    notices.wakeCourier()
    // The one that this takes the place of.
    if factor.kind == .app { checks.apps.forget(factor.secret?.sid, of: account.id) }
    return enabled
  }

  /// Judges a code whose try is given back when its provider did not look at it.
  private func refunding<Value>(
    _ kind: Factor, of account: Account, _ judge: () throws -> Value
  ) throws -> Value {
    do {
      return try judge()
    } catch let notJudged as HostedCodes.NotJudged {
      try checks.store.refund(kind, of: account.id)
      throw notJudged.rejection
    }
  }

  private func bind(
    _ factor: FactorRow, _ binding: FactorRow.Pending, _ proven: ProvenFactor, _ session: Session,
    at now: Date
  ) throws -> Enabled {
    let account = session.account
    var used: AppProof?
    if case .app(let found, _) = proven { used = found }
    guard try checks.store.confirm(factor.kind, of: account.id, binding.id, used, at: now) else {
      throw Rejection(.codeIncorrect)
    }
    try checks.store.settlePreferred(of: account.id)
    // The new factor is in another's hands than the old one, for all we know.
    if factor.confirmedAt != nil { try coolOff(account, at: now) }
    let codes = try replaceBackupCodes(of: account, at: now)
    try sessions.endOthers(than: session)
    try devices.removeAll(of: account.id)
    try challengeStore.removeAll(of: account.id)
    // A change of number that was begun without a second factor must not be completed past it.
    try verifications.removePhoneChange(of: account.id)
    try notices.queue(.twoFactorEnabled(factor.kind), to: account, at: now)
    return Enabled(
      backupCodes: codes,
      session: try sessions.raise(session.id, of: account, by: factor.kind, at: now))
  }

  private func coolOff(_ account: Account, at now: Date) throws {
    try accounts.coolOff(account.id, until: now + coolingOff)
  }

  /// What a caller gives to show that it is the owner, where the session alone does not.
  package struct Proof: Sendable {
    fileprivate let password: Secret?
    fileprivate let authorization: Secret?

    package init(password: Secret?, authorization: Secret?) {
      self.password = password
      self.authorization = authorization
    }
  }

  /// Asks for the password before the first factor is bound, unless it was proven lately: who finds an
  /// open session must not lock its owner out with a factor of their own.
  ///
  /// - Throws: `password_required`; `credentials_invalid`; `too_many_attempts`.
  private func requirePassword(_ session: Session, _ proof: Proof, at now: Date) throws {
    guard session.account.secondFactor == nil, session.openedAt <= now - Self.freshness else {
      return
    }
    guard let password = proof.password else { throw Rejection(.passwordRequired) }
    try passwords.require(password, of: session.account, at: now)
  }

  /// Asks for the factor there is before another is bound; called inside the transaction of that.
  ///
  /// A second kind may be added within a session that has just proven the first. One that works is
  /// replaced only with an authorization for that: a session, which may be stolen, never moves it.
  ///
  /// - Throws: `step_up_required`.
  private func requireFactor(
    _ session: Session, _ proof: Proof, toBind kind: Factor, at now: Date
  ) throws {
    let isReplaced = try checks.store.find(kind, of: session.account.id)?.isUsable == true
    if proof.authorization == nil, !isReplaced, session.level >= 2, let proven = session.factorAt,
      proven > now - Self.freshness
    {
      return
    }
    try authorizations.require(
      proof.authorization, for: .factorChange, of: session.account, at: now)
  }

  // MARK: Taking off

  /// Turns two-step login off: factors, backup codes, and remembered devices are gone, and large
  /// transfers cool off.
  ///
  /// - Throws: `credentials_invalid`; `too_many_attempts`; `step_up_required`; `two_factor_off`.
  package func disable(
    _ session: Session, _ password: Secret, _ authorization: Secret?, at now: Date
  ) throws {
    let account = session.account
    guard account.secondFactor != nil else { throw Rejection(.twoFactorOff) }
    let right = try passwords.require(password, of: account, at: now)
    let app = try checks.store.find(.app, of: account.id)
    try connection.transaction {
      guard try passwords.isStill(right, of: account.id) else {
        throw Rejection(.credentialsInvalid)
      }
      try authorizations.require(authorization, for: .disableTwoFactor, of: account, at: now)
      try takeOff(account, at: now)
    }
    notices.wakeCourier()
    checks.apps.forget(app?.secret?.sid, of: account.id)
  }

  /// Takes all factors off for an administrator, after whom the owner binds them anew; called inside a transaction.
  ///
  /// - Returns: what is left to do after it, with the provider that judged the app.
  /// - Throws: `two_factor_off`.
  func removeInTransaction(of account: Account, at now: Date) throws -> (() -> Void) {
    guard account.secondFactor != nil else { throw Rejection(.twoFactorOff) }
    let app = try checks.store.find(.app, of: account.id)
    try takeOff(account, at: now)
    try sessions.store.lowerLevel(of: account.id)
    return {
      notices.wakeCourier()
      checks.apps.forget(app?.secret?.sid, of: account.id)
    }
  }

  private func takeOff(_ account: Account, at now: Date) throws {
    // Of two at once one does it, and is written down and told.
    guard try checks.store.removeAll(of: account.id) else { throw Rejection(.twoFactorOff) }
    try checks.store.settlePreferred(of: account.id)
    try devices.removeAll(of: account.id)
    try challengeStore.removeAll(of: account.id)
    try coolOff(account, at: now)
    try notices.queue(.twoFactorDisabled, to: account, at: now)
  }

  // MARK: Backup codes

  package func backupCodesLeft(_ account: Account) throws(DatabaseError) -> Int {
    try checks.store.countUnused(of: account.id)
  }

  /// Makes a new set of backup codes; the old ones are dead.
  ///
  /// - Throws: `two_factor_off`; `step_up_required`.
  package func replaceBackupCodes(_ account: Account, _ authorization: Secret?, at now: Date) throws
    -> [String]
  {
    guard account.secondFactor != nil else { throw Rejection(.twoFactorOff) }
    let codes = try connection.transaction {
      try authorizations.require(authorization, for: .backupCodes, of: account, at: now)
      try notices.queue(.backupCodesReplaced, to: account, at: now)
      return try replaceBackupCodes(of: account, at: now)
    }
    notices.wakeCourier()
    return codes
  }

  private func replaceBackupCodes(of account: Account, at now: Date) throws -> [String] {
    let codes = (0..<BackupCode.setSize).map { _ in BackupCode(for: account.id) }
    try checks.store.replaceBackupCodes(of: account.id, codes, at: now)
    return codes.map(\.text)
  }

  // MARK: Proving the app within a session

  /// Judges a code of the app for somebody who is signed in, and raises the session to level 2.
  ///
  /// - Returns: the session's new token when it was at level 1; nil when it was at level 2 already.
  /// - Throws: `code_incorrect` as 401; `too_many_attempts`; `no_second_factor`.
  package func proveApp(_ session: Session, _ code: String, at now: Date) throws -> IssuedSession? {
    let account = session.account
    guard let factor = try checks.store.find(.app, of: account.id), factor.confirmedAt != nil else {
      throw Rejection(.noSecondFactor)
    }
    guard VerificationCode.isWellFormed(code) else { throw Rejection(.codeUnauthorized) }
    try checks.charge(factor, of: account, at: now)
    let found = try refunding(.app, of: account) {
      try checks.match(code, factor, of: account.id, at: now)
    }
    guard let found else {
      try checks.failed(.app, factor.failures, of: account, at: now)
      throw Rejection(.codeUnauthorized)
    }
    let proven = ProvenFactor.app(found, of: factor.id)
    guard session.level < 2 else {
      guard try checks.use(proven, of: account, at: now) else {
        throw Rejection(.codeUnauthorized)
      }
      try sessions.markProven(session, at: now)
      return nil
    }
    return try connection.transaction {
      guard try checks.use(proven, of: account, at: now) else {
        throw Rejection(.codeUnauthorized)
      }
      return try sessions.raise(session.id, of: account, by: .app, at: now)
    }
  }

  // MARK: Figures

  /// How many accounts had a first wrong code within the last ten minutes.
  package func failingAccounts(at now: Date) throws -> Int {
    try checks.failingAccounts(at: now)
  }
}
