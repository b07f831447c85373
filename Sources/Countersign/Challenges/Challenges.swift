package import FoundationEssentials

/// Asking for a second factor, and judging the answer: the second step of a login, and the step-up
/// before a sensitive act.
///
/// A challenge belongs to an account and a purpose, and to the details of a payment where there is
/// one. What it gives is made in the transaction that ends it: a session for a login, for anything
/// else an authorization to do that one thing.
package struct Challenges {
  private let connection: Connection
  private let store: ChallengeStore
  private let accounts: AccountStore
  private let checks: FactorChecks
  private let sessions: Sessions
  private let authorizations: Authorizations
  private let devices: RememberedDevices
  private let familiar: FamiliarClients
  private let outbox: Outbox
  private let codes: ChallengeCodes
  private let settings: Configuration.Limits
  private let canCall: Bool
  private let canSpeak: Bool

  package init(_ connection: Connection, _ configuration: Configuration) {
    self.connection = connection
    let phones = PhoneVault(configuration.keys)
    store = ChallengeStore(connection: connection, phones: phones)
    accounts = AccountStore(connection: connection, vault: phones)
    checks = FactorChecks(connection, configuration)
    sessions = Sessions(connection, configuration)
    authorizations = Authorizations(connection)
    devices = RememberedDevices(connection, configuration)
    familiar = FamiliarClients(connection, configuration)
    outbox = Outbox(connection, configuration)
    codes = ChallengeCodes(connection, configuration)
    settings = configuration.limits
    canCall = configuration.canCall
    canSpeak = configuration.canSpeak
  }

  // MARK: Beginning

  /// Begins a challenge; a code by text message is on its way when this returns, unless it is to wait.
  ///
  /// The app is asked for where both factors are on. A login that a password began goes on even when
  /// no code may be sent: there are other ways to answer it.
  ///
  /// - Throws: `no_second_factor`; `cooling_off` with `until`, for a transfer; `send_limit_reached`.
  package func begin(
    _ purpose: Challenge.Purpose, for account: Account, _ details: TransactionDetails? = nil,
    by beginner: Challenge.Beginner, firstCode: Challenge.FirstCode = .atOnce, at now: Date
  ) throws -> Challenge.Begun {
    if purpose == .transfer, let end = account.coolingOffUntil, end > now {
      throw Rejection(.coolingOff).adding("until", .text(end.rfc3339))
    }
    let usable = try checks.store.all(of: account.id).filter { factor in
      factor.isUsable && (factor.kind == .app || factor.kind == .sms && account.isPhoneVerified)
    }
    let isPreferredUsable = usable.contains { $0.kind == account.secondFactor }
    // One that was disabled still guards the login, which another factor or a backup code completes.
    // Before a sensitive act it gives way to none: wearing out the stronger must not choose the weaker.
    let other = purpose == .login ? usable.first?.kind ?? account.secondFactor : nil
    guard let method = isPreferredUsable ? account.secondFactor : other else {
      throw Rejection(.noSecondFactor)
    }
    if purpose == .login, case .host = beginner, account.role.isAdministrative {
      throw Rejection(.insufficientScope)
    }
    // An app's caller has a session or a password, which a locked account opens nothing with.
    if case .host = beginner, try accounts.isLocked(account.id) {
      throw Rejection(.accountLocked)
    }
    let sends = method == .sms && firstCode == .atOnce && usable.contains { $0.kind == .sms }
    let new = try make(purpose, for: account, details, method, by: beginner, at: now)
    do {
      if sends {
        return try beginWithCode(new, account, details, at: now)
      }
    } catch let refusal as Rejection
      where beginner.isPassword
      && [.sendLimitReached, .sendRefused, .optedOut].contains(refusal.reason)
    {
      try store.insert(new, at: now)
      return Challenge.Begun(
        id: new.token.text, method: method, maskedPhone: account.phone?.masked,
        expiresAt: new.expiresAt, isCodeSent: false, resendAfter: refusal.retryAfter,
        limit: refusal.limit)
    }
    try store.insert(new, at: now)
    return Challenge.Begun(
      id: new.token.text, method: method,
      maskedPhone: method == .sms ? account.phone?.masked : nil,
      expiresAt: new.expiresAt, isCodeSent: false, resendAfter: nil,
      canText: method == .app && purpose == .login && !account.role.isAdministrative
        && usable.contains { $0.kind == .sms })
  }

  /// Sends a code to the phone that an account binds as a factor; `SecondFactors` looks for it.
  ///
  /// - Parameter permit: what belongs to the same transaction, which it undoes when it throws.
  func beginBinding(
    of account: Account, by session: Session, address: String, at now: Date,
    permit: () throws -> Void
  ) throws -> Challenge.Begun {
    let new = try make(
      .enableTwoFactor, for: account, nil, .sms, by: .session(session, address: address), at: now)
    return try beginWithCode(new, account, nil, at: now, permit: permit)
  }

  private func make(
    _ purpose: Challenge.Purpose, for account: Account, _ details: TransactionDetails?,
    _ method: Factor, by beginner: Challenge.Beginner, at now: Date
  ) throws -> ChallengeStore.New {
    let token = Token()
    return ChallengeStore.New(
      token: token, account: account.id, purpose: purpose, method: method, beginner: beginner,
      detailsSealed: try details.map { try codes.seal($0, token.hash) }, detailsHash: details?.hash,
      expiresAt: now + Challenge.lifetime)
  }

  private func beginWithCode(
    _ new: ChallengeStore.New, _ account: Account, _ details: TransactionDetails?, at now: Date,
    permit: () throws -> Void = {}
  ) throws -> Challenge.Begun {
    try codes.issue(
      new.token.hash, account, new.purpose, new.beginner.word, details, new.detailsHash, .sms,
      new.beginner.sending(to: account.id), at: now, before: permit
    ) {
      try store.insert(new, at: now)
    }
    return Challenge.Begun(
      id: new.token.text, method: .sms, maskedPhone: account.phone?.masked,
      expiresAt: new.expiresAt, isCodeSent: true, resendAfter: settings.resendSeconds)
  }

  // MARK: Another code

  /// Who asks for another code.
  package enum Asker: Sendable {
    case session(Session)
    case host
    /// Who holds a pending login: its id is all there is.
    case holder

    fileprivate func mayAsk(for challenge: ChallengeStore.Found) -> Bool {
      switch self {
      case .session(let session):
        challenge.begunBy == "session" && challenge.account.id == session.account.id
      case .host: challenge.begunBy == "host"
      case .holder: challenge.begunBy == "password"
      }
    }
  }

  /// Who began a challenge, for a caller that has to show that it is the same.
  package enum Origin: Sendable {
    case password, session, host
  }

  /// Nil for a challenge that there is none of.
  package func origin(of id: String) throws -> Origin? {
    guard let token = Token(received: id), let found = try store.find(token, answeredBy: nil) else {
      return nil
    }
    switch found.begunBy {
    case "password": return .password
    case "session": return .session
    default: return .host
    }
  }

  /// Sends another code; the earlier one dies.
  ///
  /// A challenge of the app sends none, or a caller could choose the weaker factor; at a login the
  /// owner may, who cannot get in otherwise.
  ///
  /// - Parameter email: whose pending login it has to be, where the caller names somebody.
  /// - Throws: `not_found` also when somebody else began it; `challenge_expired`;
  ///   `resend_too_soon`; `send_limit_reached`; `no_second_factor` when there is no phone to send to.
  /// - Returns: when the code expires, and seconds until another may be asked for.
  package func resend(
    _ id: String, _ channel: OutgoingMessage.Channel, by asker: Asker, email: String? = nil,
    address: String, at now: Date
  ) throws -> (expiresAt: Date, resendAfter: Int) {
    guard let token = Token(received: id),
      let found = try store.find(token, answeredBy: .sms), asker.mayAsk(for: found),
      email == nil || email?.lowercased() == found.account.email.lowercased()
    else { throw Rejection(.notFound) }
    guard found.endedAt == nil, found.expiresAt > now else { throw Rejection(.challengeExpired) }
    // What an engine says on the phone names no payment.
    let isSpoken = found.detailsSealed == nil ? canCall : canSpeak
    guard channel != .call || isSpoken else { throw Rejection(.invalidField, field: "channel") }
    guard found.factor?.isUsable == true,
      found.method == .sms || found.purpose == .login && !found.account.role.isAdministrative
    else {
      throw Rejection(.noSecondFactor)
    }
    let details = try found.detailsSealed.map { try codes.openDetails($0, found.tokenHash) }
    let sending: SendGuard.Asker =
      switch asker {
      case .session, .holder: .owner(found.account.id, address: address)
      case .host: .host(found.account.id)
      }
    try codes.issue(
      found.tokenHash, found.account, found.purpose, found.begunBy, details, found.detailsHash,
      channel, sending, at: now
    ) {
      let gap = TimeInterval(settings.resendSeconds)
      guard try store.markResent(found.tokenHash, issuedBefore: now - gap, at: now) else {
        let wait = settings.resendWait(after: found.codeIssuedAt ?? now, at: now)
        throw Rejection(.resendTooSoon, retryAfter: max(1, wait)).limited(by: "resend-gap")
      }
    }
    return (now + VerificationCode.Lifetime.secondFactor.interval, settings.resendSeconds)
  }

  // MARK: Looking

  /// A challenge that waits, as whoever holds it is shown.
  package struct Standing: Sendable {
    package let purpose: Challenge.Purpose
    package let method: Factor
    package let maskedPhone: String?
    package let attemptsRemaining: Int
    package let expiresAt: Date
    /// The code that was sent last, while it is the one to enter.
    package let code: PendingCode?
  }

  /// How a challenge stands, and what became of its code.
  ///
  /// - Throws: `not_found`; `challenge_expired`, also when it was answered.
  package func standing(of id: String, at now: Date) throws -> Standing {
    guard let token = Token(received: id), let found = try store.find(token, answeredBy: nil) else {
      throw Rejection(.notFound)
    }
    guard found.endedAt == nil, found.expiresAt > now else { throw Rejection(.challengeExpired) }
    // What a session asked for ends with it.
    if let session = found.session, try !sessions.isLive(session, at: now) {
      throw Rejection(.challengeExpired)
    }
    var code: PendingCode?
    if let live = found.code, live.expiresAt > now, let issuedAt = found.codeIssuedAt,
      let delivery = try outbox.delivery(ofCode: live.message)
    {
      code = PendingCode(
        delivery, expiresAt: live.expiresAt,
        resendAfter: settings.resendWait(after: issuedAt, at: now))
    }
    return Standing(
      purpose: found.purpose, method: found.method,
      maskedPhone: found.method == .sms ? found.account.phone?.masked : nil,
      attemptsRemaining: max(0, Challenge.maximumTries - found.tries), expiresAt: found.expiresAt,
      code: code)
  }

  // MARK: Answering

  /// Judges an answer, and gives what a right one gives.
  ///
  /// - Parameters:
  ///   - email: whose login it has to be, where the caller names somebody.
  ///   - remembersDevice: whether a login is to skip this step on this device from now on; never for
  ///     an administrator.
  /// - Throws: `not_found`; `challenge_expired`; `challenge_exhausted` after three tries;
  ///   `code_incorrect` as 401, with `attemptsRemaining`; `too_many_attempts`.
  package func answer(
    _ id: String, _ offer: Challenge.Offer, email: String? = nil, remembersDevice: Bool,
    _ client: ClientDescription, at now: Date
  ) throws -> Challenge.Outcome {
    guard let token = Token(received: id), let found = try store.find(token, answeredBy: offer.kind)
    else { throw Rejection(.notFound) }
    if let email {
      guard found.purpose == .login, found.begunBy == "password",
        email.lowercased() == found.account.email.lowercased()
      else { throw Rejection(.notFound) }
    }
    let proven = try check(found, offer, isBinding: false, at: now)
    let isLogin = found.purpose == .login
    let outcome: Challenge.Outcome = try connection.transaction {
      try use(proven, found, at: now)
      guard isLogin else {
        let issued = try authorizations.issue(
          found.account.id, found.purpose, details: found.detailsHash, method: proven.kind, at: now)
        return .authorization(issued.token, expiresAt: issued.expiresAt)
      }
      let session =
        if let raised = found.session {
          try sessions.raise(raised, of: found.account, by: proven.kind, at: now)
        } else {
          try sessions.open(
            found.account.id, role: found.account.role, by: proven.kind, client, at: now)
        }
      try familiar.note(found.account, client, at: now)
      let device =
        remembersDevice && !found.account.role.isAdministrative
        ? try devices.remember(found.account.id, client, at: now) : nil
      return .login(found.account.id, session, device)
    }
    outbox.wakeCourier()
    return outcome
  }

  /// Judges the code that was sent to a phone that an account binds; `use` is left to the caller.
  func checkBinding(of session: Session, _ code: String, at now: Date) throws -> (
    challenge: ChallengeStore.Found, proven: ProvenFactor
  ) {
    guard let found = try store.findLive(session.account.id, .enableTwoFactor),
      found.session == session.id
    else {
      throw Rejection(.codeIncorrect).adding("attemptsRemaining", .int(0))
    }
    return (found, try check(found, .code(code), isBinding: true, at: now))
  }

  /// Ends an answered challenge and uses up what answered it; called inside the transaction of what
  /// it gives.
  func use(_ proven: ProvenFactor, _ found: ChallengeStore.Found, at now: Date) throws {
    guard try store.markAnswered(found, needsCode: proven.kind == .sms, at: now),
      try checks.use(proven, of: found.account, at: now)
    else { throw Rejection(.codeUnauthorized).adding("attemptsRemaining", .int(0)) }
    // What a session asked for ends with it.
    if let session = found.session, try !sessions.isLive(session, at: now) {
      throw Rejection(.challengeExpired)
    }
  }

  /// Charges a try, then compares.
  private func check(
    _ found: ChallengeStore.Found, _ offer: Challenge.Offer, isBinding: Bool, at now: Date
  ) throws -> ProvenFactor {
    guard found.endedAt == nil, found.expiresAt > now else { throw Rejection(.challengeExpired) }
    let left = max(0, Challenge.maximumTries - found.tries)
    let wrong = Rejection(.codeUnauthorized)
    let kind = offer.kind ?? found.method
    guard left > 0 else { throw Rejection(.challengeExhausted) }
    guard let factor = found.factor, isBinding || factor.confirmedAt != nil else {
      throw wrong.adding("attemptsRemaining", .int(left))
    }
    // What is not even the form of a code is no try, and no guess either.
    let typed: BackupCode?
    switch offer {
    case .code(let code), .appCode(let code):
      typed = nil
      guard VerificationCode.isWellFormed(code) else {
        throw wrong.adding("attemptsRemaining", .int(left))
      }
    case .backupCode(let text):
      typed = BackupCode(typed: text, for: found.account.id)
      guard typed != nil else { throw wrong.adding("attemptsRemaining", .int(left)) }
    }
    let isCharged = try store.charge(
      found, kind, checks.failureLimit, needsCode: kind == .sms, isBinding: isBinding, at: now)
    guard isCharged else { throw try refusal(found, factor, kind, at: now) }
    do {
      if let proven = try judge(found, factor, kind, offer, typed, at: now) { return proven }
    } catch let notJudged as HostedCodes.NotJudged {
      try store.refund(found, kind)
      throw notJudged.rejection
    }
    try checks.failed(kind, factor.failures, of: found.account, at: now)
    throw wrong.adding("attemptsRemaining", .int(left - 1))
  }

  private func judge(
    _ found: ChallengeStore.Found, _ factor: FactorRow, _ kind: Factor, _ offer: Challenge.Offer,
    _ typed: BackupCode?, at now: Date
  ) throws -> ProvenFactor? {
    switch offer {
    case .backupCode:
      guard let typed, try checks.store.hasUnused(typed, of: found.account.id) else { return nil }
      return .backup(typed)
    case .code(let code), .appCode(let code):
      guard kind == .sms else {
        return try checks.match(code, factor, of: found.account.id, at: now).map {
          .app($0, of: factor.id)
        }
      }
      return try codes.isRight(code, found, at: now) ? .sms : nil
    }
  }

  /// Why a try was not charged: read again, since others may have tried meanwhile.
  private func refusal(
    _ found: ChallengeStore.Found, _ factor: FactorRow, _ kind: Factor, at now: Date
  ) throws -> Rejection {
    let latest = try checks.store.find(kind, of: found.account.id) ?? factor
    let refusal = try checks.refusal(kind, latest.failures, of: found.account, at: now)
    if refusal.reason == .tooManyAttempts { return refusal }
    if kind == .sms, found.code == nil || (found.code?.expiresAt ?? now) <= now {
      return refusal.adding("attemptsRemaining", .int(0))
    }
    return latest.disabledAt == nil ? Rejection(.challengeExhausted) : refusal
  }

  package func purge(at now: Date) throws(DatabaseError) -> Int {
    try store.purge(at: now)
  }
}

extension Challenge.Offer {
  /// The factor that the offer is of; nil for the challenge's own method.
  fileprivate var kind: Factor? {
    switch self {
    case .code: nil
    case .appCode: .app
    case .backupCode: .backup
    }
  }
}
