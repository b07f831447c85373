package import FoundationEssentials

/// Proving that somebody holds a phone number: a code goes out, and comes back.
///
/// A code belongs to a purpose and a subject (an account, or a number that has none), and there is
/// one live code for both at most. Sending is charged before anything is queued, and a try before
/// anything is compared.
package struct PhoneVerification {
  private let connection: Connection
  private let store: VerificationStore
  private let authorizations: Authorizations
  private let ownership: PhoneOwnership
  private let outbox: Outbox
  private let sends: SendGuard
  private let traffic: TrafficStore
  private let phones: PhoneVault
  private let wording: Wording
  private let codes: VerificationCodes
  private let hosted: HostedCodes
  private let settings: Configuration.Limits
  private let canCall: Bool
  private let canSpeak: Bool
  private let events: HostEvents

  package init(_ connection: Connection, _ configuration: Configuration) {
    self.connection = connection
    store = VerificationStore(connection: connection)
    authorizations = Authorizations(connection)
    ownership = PhoneOwnership(connection, configuration)
    outbox = Outbox(connection, configuration)
    sends = SendGuard(connection, configuration)
    traffic = TrafficStore(connection: connection)
    phones = PhoneVault(configuration.keys)
    wording = Wording(configuration)
    codes = VerificationCodes(connection, configuration)
    hosted = HostedCodes(connection, configuration)
    settings = configuration.limits
    canCall = configuration.canCall
    canSpeak = configuration.canSpeak
    events = HostEvents(connection, configuration)
  }

  /// Who asks, and so which limits apply.
  package enum Asker {
    /// Nobody we know.
    case stranger(Stranger)
    /// The owner of an account, who has proven a password, at an address.
    case owner(Account, address: String)
    /// The host's backend, which answers for its own users.
    case host
  }

  /// A code that is on its way.
  package struct Sent: Sendable {
    package let message: OutgoingMessage.ID
    package let expiresAt: Date
    /// Seconds until another may be asked for.
    package let resendAfter: Int
    /// The account that asks has proven the number, and may know what its holder answered to us.
    fileprivate let isOwn: Bool
  }

  /// How long a second factor that was proven in the session counts as fresh.
  private static let freshness: TimeInterval = 15 * 60

  // MARK: Sending

  /// Sends a code for the host's own use; for a second factor, whose number the host knows to be its
  /// user's, one that lives shorter.
  package func sendForHost(
    to number: PhoneNumber, channel: OutgoingMessage.Channel, isSecondFactor: Bool, at now: Date
  ) throws -> Sent {
    try send(
      .otp, subject: try phones.hash(number), to: number, channel: channel, asker: .host,
      wording: isSecondFactor ? .signIn : .confirm,
      lifetime: isSecondFactor ? .secondFactor : .verification, isNumberProven: isSecondFactor,
      at: now)
  }

  /// Sends a code to a number that somebody wants to prove.
  ///
  /// - Parameters:
  ///   - authorization: for the purpose `phone_change`, which an owner with a second factor needs for any
  ///     number but the verified one: who has the number has the codes, and the password's reset.
  ///   - provenAt: when the second factor was last proven in the session. Just after that a first number
  ///     needs nothing more.
  /// - Throws: `send_limit_reached` with the time to wait; `step_up_required`.
  package func send(
    to number: PhoneNumber, channel: OutgoingMessage.Channel, asker: Asker,
    authorization: Secret? = nil, provenAt: Date? = nil, at now: Date
  ) throws -> Sent {
    switch asker {
    case .owner(let account, _):
      try send(
        .phone, subject: account.id.bytes, to: number, channel: channel, asker: asker,
        wording: .verifyPhone, lifetime: .verification, at: now
      ) {
        guard !account.isPhoneVerified || account.phone != number else { return }
        if authorization == nil, !account.isPhoneVerified, let provenAt,
          provenAt > now - Self.freshness
        {
          return
        }
        try authorizations.require(authorization, for: .phoneChange, of: account, at: now)
      }
    case .stranger, .host:
      try send(
        .signUp, subject: try phones.hash(number), to: number, channel: channel, asker: asker,
        wording: .verifyPhone,
        lifetime: .verification, at: now)
    }
  }

  /// Sends another code to the number that is being verified; the earlier one dies.
  ///
  /// - Throws: `nothing_pending` when no code was asked for; `resend_too_soon` within the gap.
  package func resend(
    for account: Account, channel: OutgoingMessage.Channel, address: String, at now: Date
  ) throws -> Sent {
    guard let found = try store.find(.phone, account.id.bytes), found.usedAt == nil else {
      throw Rejection(.nothingPending)
    }
    let number = try phones.open(
      found.destinationSealed, context: VerificationCodes.context(.phone, account.id.bytes))
    // The change was permitted when its first code was asked for.
    return try send(
      .phone, subject: account.id.bytes, to: number, channel: channel,
      asker: .owner(account, address: address), wording: .verifyPhone, lifetime: .verification,
      at: now
    ) {
      let gap = TimeInterval(settings.resendSeconds)
      guard
        try store.markResent(.phone, account.id.bytes, issuedBefore: now - gap, at: now)
      else {
        let wait = settings.resendWait(after: found.issuedAt, at: now)
        throw Rejection(.resendTooSoon, retryAfter: max(1, wait)).limited(by: "resend-gap")
      }
    }
  }

  private func send(
    _ purpose: VerificationCode.Purpose, subject: [UInt8], to number: PhoneNumber,
    channel: OutgoingMessage.Channel,
    asker: Asker, wording purposeWords: Wording.CodePurpose, lifetime: VerificationCode.Lifetime,
    isNumberProven: Bool = false, at now: Date, permit: () throws -> Void = {}
  ) throws -> Sent {
    guard channel != .call || canCall else { throw Rejection(.invalidField, field: "channel") }
    let code = Random.digits(VerificationCode.length)
    let language = asker.account?.language ?? .english
    let spoken = wording.spokenCode(code, purposeWords, language.spoken)
    var message = OutgoingMessage(
      id: Identifier(at: now), .code, channel, account: asker.account?.id, to: .phone(number),
      text: channel == .call
        ? spoken : wording.code(code, purposeWords, minutes: lifetime.minutes, language),
      expiresAt: now.addingTimeInterval(lifetime.interval))
    message.text.hosted = hosted.order(
      language, isNumberProven: isNumberProven, address: asker.sending.address)
    // A call costs more than a text: a number that nobody has proven gets one when somebody asks.
    if channel == .sms, canSpeak, isNumberProven, hosted.allowsOwn(message.text.hosted) {
      message.fallback = spoken
    }
    let issue = try codes.issue(
      code, purpose, subject: subject, to: number, channel, message.id, until: message.expiresAt)
    let request = SendGuard.Request(
      number: number, channel: channel, text: message.text, asker: asker.sending,
      isNumberProven: isNumberProven)
    try sends.send(request, at: now, permit: permit) {
      try hosted.replace(
        { () throws(DatabaseError) in try store.message(purpose, subject) }, by: message.id,
        to: issue.destinationHash, until: message.expiresAt, at: now)
      try hosted.requirePlace(
        for: message.id, message.text.hosted, to: issue.destinationHash, at: now)
      try store.issue(purpose, subject, issue, at: now)
      try outbox.queue(message, at: now)
      return true
    }
    outbox.wakeCourier()
    return Sent(
      message: message.id, expiresAt: message.expiresAt, resendAfter: settings.resendSeconds,
      isOwn: asker.account.map { $0.isPhoneVerified && $0.phone == number } ?? false)
  }

  /// Looks for a moment whether a provider took a code, so that the caller hears of a refusal.
  ///
  /// - Parameter tellsWhy: whether the caller may know what a provider thinks of the number.
  /// - Throws: when no provider will send it, why (`Failure.rejection`), or `send_refused`.
  package func watch(_ sent: Sent, tellsWhy: Bool) throws {
    do {
      try OutcomeWatch(outbox: outbox).look(at: sent.message)
    } catch let refused as OutcomeWatch.WillNotBeSent {
      let maySay = refused.failure != .destinationOptedOut || sent.isOwn
      throw tellsWhy && maySay ? refused.failure.rejection : Rejection(.sendRefused)
    }
  }

  /// A number that is being verified, as the account's owner is shown.
  package struct Standing: Sendable {
    package let number: PhoneNumber
    package let attemptsRemaining: Int
    package let code: PendingCode
  }

  /// Which number an account is verifying, and what became of its code.
  ///
  /// - Throws: `nothing_pending` when no code waits to be entered.
  package func standing(for account: Account, at now: Date) throws -> Standing {
    guard let found = try store.find(.phone, account.id.bytes), found.usedAt == nil,
      found.expiresAt > now, let delivery = try outbox.delivery(ofCode: found.message)
    else { throw Rejection(.nothingPending) }
    return Standing(
      number: try phones.open(
        found.destinationSealed, context: VerificationCodes.context(.phone, account.id.bytes)),
      attemptsRemaining: max(0, VerificationCode.maximumTries - found.tries),
      code: PendingCode(
        delivery, expiresAt: found.expiresAt,
        resendAfter: settings.resendWait(after: found.issuedAt, at: now)))
  }

  // MARK: Checking

  /// Verifies the number that an account's owner was sent a code to; from now on it is the
  /// account's number.
  ///
  /// - Parameter expected: the number that the caller means, when it named one; a code for another
  ///   is not right.
  /// - Throws: `code_incorrect` with `attemptsRemaining`; `phone_in_use`, only to who was right,
  ///   when another account has verified the number; the code is then still good for `claim`.
  package func verify(
    _ code: String, _ expected: PhoneNumber?, for account: Account, at now: Date
  ) throws -> PhoneNumber {
    let proven = try codes.check(code, .phone, account.id.bytes, at: now)
    if let expected, expected != proven.number { throw Rejection(.codeIncorrect) }
    do {
      if account.isPhoneVerified, account.phone != proven.number {
        try connection.transaction {
          try use(proven, .phone, account.id.bytes, at: now)
          try ownership.adopt(proven.number, account, at: now)
        }
        outbox.wakeCourier()
      } else if events.isSending {
        try connection.transaction {
          try useAndAdopt(proven, account, at: now)
          try events.queue(.phoneVerified, about: account.id, at: now)
        }
        outbox.wakeCourier()
      } else {
        try useAndAdopt(proven, account, at: now)
      }
    } catch let error as DatabaseError where error.code == .duplicateEntry {
      // The code was right, and is to be entered once more to claim the number.
      try store.refund(.phone, account.id.bytes, nonce: proven.nonce)
      throw Rejection(.phoneInUse).adding("claim", .text("/api/auth/phone/claim"))
    }
    countUse(proven)
    return proven.number
  }

  /// Moves a number here that another account has verified, for somebody who has just proven to
  /// hold it: numbers are handed on.
  package func claim(_ number: PhoneNumber, _ code: String, for account: Account, at now: Date)
    throws
  {
    let proven = try codes.check(code, .phone, account.id.bytes, at: now)
    guard proven.number == number else { throw Rejection(.codeIncorrect) }
    try connection.transaction {
      try use(proven, .phone, account.id.bytes, at: now)
      try ownership.takeFromHolder(number, for: account, at: now)
      try ownership.adopt(number, account, at: now)
    }
    outbox.wakeCourier()
    countUse(proven)
  }

  /// Verifies a number before there is an account.
  ///
  /// - Returns: a token that proves it once, within half an hour, to register with.
  package func verifyBeforeSignUp(_ code: String, _ number: PhoneNumber, at now: Date) throws
    -> Secret
  {
    let subject = try phones.hash(number)
    let proven = try codes.check(code, .signUp, subject, at: now)
    let token = try connection.transaction {
      try use(proven, .signUp, subject, at: now)
      return try PhoneProofs(store: store, phones: phones).issue(number, hash: subject, at: now)
    }
    countUse(proven)
    return token
  }

  /// Checks a code that the host asked for.
  ///
  /// - Throws: `nothing_pending` when no live code is there; `code_incorrect`.
  package func checkForHost(_ code: String, _ number: PhoneNumber, at now: Date) throws {
    let subject = try phones.hash(number)
    guard let found = try store.find(.otp, subject), found.usedAt == nil, found.expiresAt > now
    else {
      throw Rejection(.nothingPending)
    }
    let proven = try codes.check(code, .otp, subject, found, at: now)
    try use(proven, .otp, subject, at: now)
    countUse(proven)
  }

  private func use(
    _ proven: VerificationCodes.Proven, _ purpose: VerificationCode.Purpose, _ subject: [UInt8],
    at now: Date
  ) throws {
    guard try store.markUsed(purpose, subject, nonce: proven.nonce, at: now) else {
      throw Rejection(.codeIncorrect).adding("attemptsRemaining", .int(0))
    }
  }

  /// Counts a code that was used; called after the commit.
  ///
  /// A count that is lost makes a prefix look a little less used. A wait for a row that many share
  /// must not turn a right code into an error.
  private func countUse(_ proven: VerificationCodes.Proven) {
    do {
      try traffic.markUsed(proven.number, sentAt: proven.issuedAt)
    } catch {}
  }

  /// Uses the code up and makes its number the account's, in one statement: the usual case, in
  /// which nobody has to be told.
  private func useAndAdopt(_ proven: VerificationCodes.Proven, _ account: Account, at now: Date)
    throws
  {
    let isUsed = try store.markUsedAndVerify(
      account.id, nonce: proven.nonce,
      sealed: try phones.seal(proven.number, context: Account.phoneContext(account.id)),
      hash: proven.numberHash, at: now)
    guard isUsed else { throw Rejection(.codeIncorrect).adding("attemptsRemaining", .int(0)) }
  }

  package func wakeCourier() {
    outbox.wakeCourier()
  }

  package func purge(at now: Date) throws(DatabaseError) -> Int {
    try store.purge(at: now) + hosted.purge(at: now)
  }
}

extension PhoneVerification.Asker {
  fileprivate var account: Account? {
    switch self {
    case .owner(let account, _): account
    case .stranger, .host: nil
    }
  }

  fileprivate var sending: SendGuard.Asker {
    switch self {
    case .stranger(let stranger): .stranger(stranger, .verifyPhone)
    case .owner(let account, let address): .owner(account.id, address: address)
    case .host: .host(nil)
    }
  }
}
