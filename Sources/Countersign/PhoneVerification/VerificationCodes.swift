import FoundationEssentials

/// Making and judging codes that prove a number.
struct VerificationCodes {
  private let store: VerificationStore
  private let phones: PhoneVault
  private let keys: KeyRing
  private let settings: Configuration.Limits
  private let connection: Connection
  private let hosted: HostedCodes

  init(_ connection: Connection, _ configuration: Configuration) {
    self.connection = connection
    store = VerificationStore(connection: connection)
    hosted = HostedCodes(connection, configuration)
    phones = PhoneVault(configuration.keys)
    keys = configuration.keys
    settings = configuration.limits
  }

  static func context(_ purpose: VerificationCode.Purpose, _ subject: [UInt8]) -> [UInt8] {
    Array("verification|\(purpose.rawValue)|".utf8) + subject
  }

  /// What is stored of a new code.
  func issue(
    _ code: String, _ purpose: VerificationCode.Purpose, subject: [UInt8], to number: PhoneNumber,
    _ channel: OutgoingMessage.Channel, _ message: OutgoingMessage.ID, until end: Date
  ) throws -> VerificationStore.Issue {
    let nonce = Random.bytes(16)
    let key = keys.current.id
    let destination = try phones.hash(number)
    return VerificationStore.Issue(
      nonce: nonce, keyID: key,
      mac: try keys.mac(
        .code, key: key,
        VerificationCode.fields(
          code, purpose, subject: subject, nonce: nonce, destination: destination)),
      destinationSealed: try phones.seal(number, context: Self.context(purpose, subject)),
      destinationHash: destination, channel: channel, message: message, expiresAt: end)
  }

  /// A code that was right, and not used up yet.
  struct Proven {
    let nonce: [UInt8]
    let number: PhoneNumber
    let issuedAt: Date
    let numberHash: [UInt8]
  }

  /// Charges a try, then compares.
  ///
  /// The row is read first and the charge names the nonce that was read: a code issued in between
  /// is not what is compared, and is not tried for free.
  func check(
    _ code: String, _ purpose: VerificationCode.Purpose, _ subject: [UInt8],
    _ read: VerificationStore.Found? = nil, at now: Date
  ) throws -> Proven {
    guard let found = try read ?? store.find(purpose, subject) else {
      throw Rejection(.codeIncorrect).adding("attemptsRemaining", .int(0))
    }
    guard VerificationCode.isWellFormed(code) else {
      let isLive = found.usedAt == nil && found.expiresAt > now
      let remaining = isLive ? max(0, VerificationCode.maximumTries - found.tries) : 0
      throw Rejection(.codeIncorrect).adding("attemptsRemaining", .int(remaining))
    }
    let failureLimit = FailureLimit(settings.failedCodesPerHour)
    guard
      try store.charge(purpose, subject, nonce: found.nonce, failureLimit: failureLimit, at: now)
    else {
      if let seconds = failureLimit.wait(found.failures, at: now) {
        throw Rejection(.tooManyAttempts, retryAfter: seconds).limited(by: "code-failures")
      }
      throw Rejection(.codeIncorrect).adding("attemptsRemaining", .int(0))
    }
    guard try isRight(code, purpose, subject, found, at: now) else {
      let remaining = max(0, VerificationCode.maximumTries - found.tries - 1)
      throw Rejection(.codeIncorrect).adding("attemptsRemaining", .int(remaining))
    }
    let number = try phones.open(found.destinationSealed, context: Self.context(purpose, subject))
    return Proven(
      nonce: found.nonce, number: number, issuedAt: found.issuedAt,
      numberHash: found.destinationHash)
  }

  /// Compares a code, or has it judged by the provider that made it.
  private func isRight(
    _ code: String, _ purpose: VerificationCode.Purpose, _ subject: [UInt8],
    _ found: VerificationStore.Found, at now: Date
  ) throws -> Bool {
    func mac(_ key: UInt32) throws -> [UInt8] {
      try keys.mac(
        .code, key: key,
        VerificationCode.fields(
          code, purpose, subject: subject, nonce: found.nonce, destination: found.destinationHash))
    }
    let verdict: EngineVerdict?
    do {
      verdict = try hosted.judge(code, of: found.message)
    } catch let notJudged as HostedCodes.NotJudged {
      try store.refund(purpose, subject, nonce: found.nonce)
      throw notJudged.rejection
    }
    switch verdict {
    case nil: return ConstantTime.equal(try mac(found.keyID), found.mac)
    case .approved:
      // The provider forgets it now, and it may be asked for once more: to claim a number, or with the
      // second proof that was missing.
      let key = keys.current.id
      let approved = try mac(key)
      try connection.transaction {
        try store.adopt(purpose, subject, nonce: found.nonce, keyID: key, mac: approved)
        try hosted.settle(found.message, isApproved: true, at: now)
      }
      return true
    case .wrong: return false
    default:
      // Over there, by tries or by time, or just approved for somebody who gave the same code at once.
      try connection.transaction {
        try store.exhaust(purpose, subject, nonce: found.nonce)
        try hosted.settle(found.message, isApproved: false, at: now)
      }
      throw Rejection(.codeIncorrect).adding("attemptsRemaining", .int(0))
    }
  }
}
