package import FoundationEssentials

/// Setting a forgotten password anew, by the phone that an account has verified.
///
/// Asking does the same for every number: two codes are made and stored, whether or not anybody will
/// hear them, so that neither the answer, nor its time, nor what a later guess is told says who has an
/// account. Asking changes and locks nothing.
///
/// One phone must not open everything. Where it is also the second factor, its code alone sets no
/// password: a second proof is needed, by mail or from the drawer (ASVS 6.4.3).
package struct PasswordReset {
  private let connection: Connection
  private let store: VerificationStore
  private let codes: VerificationCodes
  private let accounts: AccountStore
  private let checks: FactorChecks
  private let sessions: SessionStore
  private let devices: DeviceStore
  private let challenges: ChallengeStore
  private let sends: SendGuard
  private let outbox: Outbox
  private let notices: SecurityNotices
  private let wording: Wording
  private let rules: PasswordRules
  private let phones: PhoneVault
  private let keys: KeyRing
  private let coolingOff: TimeInterval

  package init(
    _ connection: Connection, _ configuration: Configuration, breaches: BreachedPasswords?
  ) {
    self.connection = connection
    phones = PhoneVault(configuration.keys)
    store = VerificationStore(connection: connection)
    codes = VerificationCodes(connection, configuration)
    accounts = AccountStore(connection: connection, vault: phones)
    checks = FactorChecks(connection, configuration)
    sessions = SessionStore(connection: connection, vault: phones)
    devices = DeviceStore(connection: connection)
    challenges = ChallengeStore(connection: connection, phones: phones)
    sends = SendGuard(connection, configuration)
    outbox = Outbox(connection, configuration)
    notices = SecurityNotices(connection, configuration)
    wording = Wording(configuration)
    rules = PasswordRules(productName: configuration.productName, breaches: breaches)
    keys = configuration.keys
    coolingOff = TimeInterval(configuration.limits.coolingOffHours) * 3_600
    PasswordHash.share(workers: configuration.workers)
  }

  // MARK: Asking

  /// How long an answer takes at least: longer than all that is done for a number that somebody has,
  /// so that the time does not tell it from another.
  private static let answerTime: UInt64 = 25_000_000

  /// Sends codes to the owner of a number, if it has one.
  ///
  /// - Throws: `send_limit_reached` and `proof_required`, for a number of nobody's too.
  package func request(_ number: PhoneNumber, by stranger: Stranger, at now: Date) throws {
    let started = MonotonicClock.nanoseconds
    let subject = try phones.hash(number)
    let lifetime = VerificationCode.Lifetime.verification
    let end = now + lifetime.interval
    let (code, mailedCode) = (
      Random.digits(VerificationCode.length), Random.digits(VerificationCode.length)
    )
    let (text, mail) = (OutgoingMessage.ID(at: now), OutgoingMessage.ID(at: now))
    let issue = try codes.issue(
      code, .reset, subject: subject, to: number, .sms, text, until: end)
    let mailed = try codes.issue(
      mailedCode, .resetMail, subject: subject, to: number, .email, mail, until: end)
    let message = wording.code(code, .resetPassword, minutes: lifetime.minutes)
    let request = SendGuard.Request(
      number: number, channel: .sms, text: message, asker: .stranger(stranger, .resetPassword),
      isNumberProven: true)
    try sends.send(request, at: now) {
      try store.issue(.reset, subject, issue, at: now)
      try store.issue(.resetMail, subject, mailed, at: now)
      guard let holder = try accounts.holder(of: subject) else { return false }
      // Never said on the phone by itself: a stranger asks for it, and a mailbox would take it down.
      try outbox.queue(
        OutgoingMessage(
          id: text, .code, .sms, account: holder.id, to: .phone(number),
          text: wording.code(code, .resetPassword, minutes: lifetime.minutes, holder.language),
          expiresAt: end), at: now)
      guard try needsSecondProof(holder.id) else { return true }
      try outbox.queue(
        OutgoingMessage(
          id: mail, .code, .email, account: holder.id, to: .email(holder.email),
          text: wording.mailedCode(
            mailedCode, .resetPassword, minutes: lifetime.minutes, holder.language),
          expiresAt: end), at: now)
      return true
    }
    outbox.wakeCourier()
    let taken = MonotonicClock.nanoseconds - started
    if taken < Self.answerTime {
      MonotonicClock.sleep(microseconds: UInt32((Self.answerTime - taken) / 1_000))
    }
  }

  /// True when the account's second factor is this phone. Also where an app is on beside it, since a
  /// login may ask for a text message in its stead.
  private func needsSecondProof(_ account: Account.ID) throws(DatabaseError) -> Bool {
    try checks.store.find(.sms, of: account)?.confirmedAt != nil
  }

  // MARK: Resetting

  /// What somebody gives beside the code of the phone.
  package enum SecondProof: Sendable {
    case mailedCode(String)
    case backupCode(String)
  }

  /// Sets a new password; no session is opened, and every one there is ends, with remembered devices,
  /// pending logins, challenges, and authorizations.
  ///
  /// The password is judged first: a weak one costs no code.
  ///
  /// - Throws: `password_rejected`; `code_incorrect`; `second_proof_required`, which costs no code;
  ///   `too_many_attempts`.
  package func reset(
    _ number: PhoneNumber, _ code: String, to secret: Secret, _ proof: SecondProof?, at now: Date
  ) throws {
    _ = try checked(secret, [number.e164])
    let subject = try phones.hash(number)
    let proven = try codes.check(code, .reset, subject, at: now)
    // A number of nobody's has codes that nobody was sent, and one was guessed.
    guard let holder = try accounts.find(verifiedPhone: subject) else {
      throw Rejection(.codeIncorrect).adding("attemptsRemaining", .int(0))
    }
    var second = Second.notNeeded
    let sealed: [UInt8]
    do {
      let password = try checked(secret, [holder.email, holder.name ?? "", number.e164])
      second = try judge(proof, holder, subject, at: now)
      sealed = try keys.seal(
        PasswordHash.make(password), .password, context: Account.passwordContext(holder.id))
    } catch {
      // The codes that were right are to be given once more, with what was missing.
      try store.refund(.reset, subject, nonce: proven.nonce)
      if case .mailed(let right) = second {
        try store.refund(.resetMail, subject, nonce: right.nonce)
      }
      throw error
    }
    try connection.transaction {
      guard try store.markUsed(.reset, subject, nonce: proven.nonce, at: now),
        try use(second, holder, subject, at: now)
      else { throw Rejection(.codeIncorrect).adding("attemptsRemaining", .int(0)) }
      // Hashing takes long enough for the number to be lost, and for it to become a second factor.
      guard try accounts.isVerified(subject, of: holder.id) else {
        throw Rejection(.codeIncorrect).adding("attemptsRemaining", .int(0))
      }
      if case .notNeeded = second, try needsSecondProof(holder.id) {
        throw Rejection(.secondProofRequired)
      }
      try accounts.setPassword(of: holder.id, sealed: sealed)
      try sessions.deleteAll(of: holder.id)
      try devices.removeAll(of: holder.id)
      try challenges.removeAll(of: holder.id)
      try accounts.coolOff(holder.id, until: now + coolingOff)
      try notices.queue(.passwordReset, to: holder, at: now)
    }
    notices.wakeCourier()
  }

  private func checked(_ secret: Secret, _ context: [String]) throws(Rejection) -> Password {
    do {
      return try rules.check(secret, context: context)
    } catch {
      throw error.reason == .passwordRejected ? error.naming("newPassword") : error
    }
  }

  /// A second proof that was right, and is not used up yet.
  private enum Second {
    case notNeeded
    case mailed(VerificationCodes.Proven)
    case backup(BackupCode)
  }

  private func judge(
    _ proof: SecondProof?, _ holder: Account, _ subject: [UInt8], at now: Date
  ) throws -> Second {
    guard try needsSecondProof(holder.id) else { return .notNeeded }
    switch proof {
    case nil: throw Rejection(.secondProofRequired)
    case .mailedCode(let code):
      return .mailed(try codes.check(code, .resetMail, subject, at: now))
    case .backupCode(let text):
      guard let code = BackupCode(typed: text, for: holder.id),
        let factor = try checks.store.find(.backup, of: holder.id)
      else { throw Rejection(.codeIncorrect) }
      do {
        try checks.charge(factor, of: holder, at: now)
      } catch let rejection as Rejection where rejection.reason == .codeUnauthorized {
        throw Rejection(.codeIncorrect)
      }
      guard try checks.store.hasUnused(code, of: holder.id) else {
        try checks.failed(.backup, factor.failures, of: holder, at: now)
        throw Rejection(.codeIncorrect)
      }
      return .backup(code)
    }
  }

  /// Uses the second proof up; called inside the transaction of the reset.
  private func use(_ second: Second, _ holder: Account, _ subject: [UInt8], at now: Date) throws
    -> Bool
  {
    switch second {
    case .notNeeded: true
    case .mailed(let proven):
      try store.markUsed(.resetMail, subject, nonce: proven.nonce, at: now)
    case .backup(let code): try checks.use(.backup(code), of: holder, at: now)
    }
  }
}
