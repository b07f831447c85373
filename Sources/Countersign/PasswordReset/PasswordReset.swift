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

  /// The two codes of a reset, whether or not anybody will hear them.
  private struct Codes {
    let number: PhoneNumber
    let subject: [UInt8]
    let end: Date
    let (text, mail): (Code, Code)

    struct Code {
      let digits: String
      let message: OutgoingMessage.ID
      let issue: VerificationStore.Issue
    }
  }

  private func makeCodes(for number: PhoneNumber, at now: Date) throws -> Codes {
    let subject = try phones.hash(number)
    let end = now + VerificationCode.Lifetime.verification.interval
    func code(
      _ purpose: VerificationCode.Purpose, _ channel: OutgoingMessage.Channel
    ) throws -> Codes.Code {
      let digits = Random.digits(VerificationCode.length)
      let message = OutgoingMessage.ID(at: now)
      return Codes.Code(
        digits: digits, message: message,
        issue: try codes.issue(
          digits, purpose, subject: subject, to: number, channel, message, until: end))
    }
    return Codes(
      number: number, subject: subject, end: end,
      text: try code(.reset, .sms), mail: try code(.resetMail, .email))
  }

  private func text(_ codes: Codes, _ language: Language = .english) -> MessageText {
    wording.code(
      codes.text.digits, .resetPassword,
      minutes: VerificationCode.Lifetime.verification.minutes, language)
  }

  /// Stores the codes; called inside a transaction.
  private func issue(_ codes: Codes, at now: Date) throws {
    try store.issue(.reset, codes.subject, codes.text.issue, at: now)
    try store.issue(.resetMail, codes.subject, codes.mail.issue, at: now)
  }

  /// Queues them to whose number it is; called inside a transaction.
  private func queue(
    _ codes: Codes, to account: Account.ID, _ email: String, _ language: Language, at now: Date
  ) throws {
    // Never said on the phone by itself: a stranger asks for it, and a mailbox would take it down.
    try outbox.queue(
      OutgoingMessage(
        id: codes.text.message, .code, .sms, account: account, to: .phone(codes.number),
        text: text(codes, language), expiresAt: codes.end), at: now)
    guard try needsSecondProof(account) else { return }
    try outbox.queue(
      OutgoingMessage(
        id: codes.mail.message, .code, .email, account: account, to: .email(email),
        text: wording.mailedCode(
          codes.mail.digits, .resetPassword,
          minutes: VerificationCode.Lifetime.verification.minutes, language),
        expiresAt: codes.end), at: now)
  }

  /// Sends codes to the owner of a number, if it has one.
  ///
  /// - Throws: `send_limit_reached` and `proof_required`, for a number of nobody's too.
  package func request(_ number: PhoneNumber, by stranger: Stranger, at now: Date) throws {
    let started = MonotonicClock.nanoseconds
    let codes = try makeCodes(for: number, at: now)
    let request = SendGuard.Request(
      number: number, channel: .sms, text: text(codes),
      asker: .stranger(stranger, .resetPassword), isNumberProven: true)
    try sends.send(request, at: now) {
      try issue(codes, at: now)
      guard let holder = try accounts.holder(of: codes.subject),
        try !accounts.isLocked(holder.id)
      else { return false }
      try queue(codes, to: holder.id, holder.email, holder.language, at: now)
      return true
    }
    outbox.wakeCourier()
    let taken = MonotonicClock.nanoseconds - started
    if taken < Self.answerTime {
      MonotonicClock.sleep(microseconds: UInt32((Self.answerTime - taken) / 1_000))
    }
  }

  /// Ends an account's password for an administrator, with its sessions, remembered devices, and challenges, and sends its
  /// owner what sets another one. Nobody but who holds the phone sets it.
  ///
  /// - Parameter record: writes it down, first in the transaction.
  /// - Throws: `phone_not_verified`; `send_limit_reached`: the limits of a number are everybody's.
  func force(_ account: Account, at now: Date, record: () throws -> Void) throws {
    guard account.isPhoneVerified, let number = account.phone else {
      throw Rejection(.phoneNotVerified)
    }
    let codes = try makeCodes(for: number, at: now)
    let request = SendGuard.Request(
      number: number, channel: .sms, text: text(codes), asker: .host(account.id),
      isNumberProven: true)
    try sends.send(request, at: now, permit: record) {
      try issue(codes, at: now)
      try queue(codes, to: account.id, account.email, account.language, at: now)
      try accounts.removePassword(of: account.id)
      try sessions.deleteAll(of: account.id)
      try devices.removeAll(of: account.id)
      try challenges.removeAll(of: account.id)
      try notices.queue(.passwordResetForced, to: account, at: now)
      return true
    }
    outbox.wakeCourier()
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
      guard try accounts.isVerified(subject, of: holder.id), try !accounts.isLocked(holder.id)
      else {
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
