import FoundationEssentials

/// The codes that are sent for challenges: making, sending, and comparing them.
struct ChallengeCodes {
  private let store: ChallengeStore
  private let accounts: AccountStore
  private let sends: SendGuard
  private let outbox: Outbox
  private let phones: PhoneVault
  private let keys: KeyRing
  private let wording: Wording
  private let canSpeak: Bool
  private let connection: Connection
  private let hosted: HostedCodes

  init(_ connection: Connection, _ configuration: Configuration) {
    phones = PhoneVault(configuration.keys)
    store = ChallengeStore(connection: connection, phones: phones)
    accounts = AccountStore(connection: connection, vault: phones)
    sends = SendGuard(connection, configuration)
    outbox = Outbox(connection, configuration)
    keys = configuration.keys
    wording = Wording(configuration)
    canSpeak = configuration.canSpeak
    self.connection = connection
    hosted = HostedCodes(connection, configuration)
  }

  /// Makes a code and queues it; the one that lived for this account and purpose is dead.
  ///
  /// - Parameters:
  ///   - before: what may forbid it, before anything is counted.
  ///   - opening: makes the challenge where it is new.
  /// - Throws: `no_second_factor` when the number is not the account's verified one, or not any more.
  func issue(
    _ tokenHash: [UInt8], _ account: Account, _ purpose: Challenge.Purpose, _ begunBy: String,
    _ details: TransactionDetails?, _ detailsHash: [UInt8]?, _ channel: OutgoingMessage.Channel,
    _ asker: SendGuard.Asker, at now: Date, before: () throws -> Void,
    opening: () throws -> Void = {}
  ) throws {
    guard let number = account.phone, account.isPhoneVerified else {
      throw Rejection(.noSecondFactor)
    }
    let code = Random.digits(VerificationCode.length)
    let lifetime = VerificationCode.Lifetime.secondFactor
    let words = Wording.CodePurpose(purpose, isOfHost: begunBy == "host")
    let language = account.language
    let spoken =
      details.map { wording.spokenTransferCode(code, $0, language.spoken) }
      ?? wording.spokenCode(code, words, language.spoken)
    let written =
      details.map { wording.transferCode(code, $0, minutes: lifetime.minutes, language) }
      ?? wording.code(code, words, minutes: lifetime.minutes, language)
    let text = channel == .call ? spoken : written
    var message = OutgoingMessage(
      id: Identifier(at: now), .code, channel, account: account.id, to: .phone(number), text: text,
      expiresAt: now + lifetime.interval)
    message.text.hosted = hosted.order(
      language, details, isNumberProven: true, address: asker.address)
    if channel == .sms, canSpeak, hosted.allowsOwn(message.text.hosted) {
      message.fallback = spoken
    }
    let nonce = Random.bytes(16)
    let key = keys.current.id
    let destination = try phones.hash(number)
    let issued = ChallengeStore.Code(
      nonce: nonce, keyID: key,
      mac: try keys.mac(
        .code, key: key,
        Self.fields(
          code, account.id, purpose, tokenHash, nonce: nonce, destination: destination,
          details: detailsHash)),
      destinationHash: destination, message: message.id, expiresAt: message.expiresAt)
    let request = SendGuard.Request(
      number: number, channel: channel, text: message.text, asker: asker, isNumberProven: true)
    var attempt = 1
    while true {
      do {
        try sends.send(request, at: now, permit: before) {
          // The account's row is locked after the limits' rows, as a reset by phone does, or the two
          // could wait for each other.
          guard try accounts.isVerified(destination, of: account.id) else {
            throw Rejection(.noSecondFactor)
          }
          try opening()
          try hosted.replace(
            { () throws(DatabaseError) in try store.messageOfLiveCode(account.id, purpose) },
            by: message.id, to: destination, until: message.expiresAt, at: now)
          try store.setCode(tokenHash, account.id, purpose, issued, at: now)
          try outbox.queue(message, at: now)
          return true
        }
        break
      } catch let error as DatabaseError where error.code == .duplicateEntry && attempt < 5 {
        // Two requests gave the same account and purpose a code at once; the later one's is to live.
        attempt += 1
      }
    }
    outbox.wakeCourier()
  }

  /// True when the code is the one that was sent last and is not retired.
  ///
  /// - Throws: `HostedCodes.NotJudged` where the try is to be given back; `provider_outcome_unknown`.
  func isRight(_ code: String, _ found: ChallengeStore.Found, at now: Date) throws -> Bool {
    guard let sent = found.code else { return false }
    let verdict = try hosted.judge(
      code, of: sent.message, try found.detailsSealed.map { try openDetails($0, found.tokenHash) })
    func mac(_ key: UInt32) throws -> [UInt8] {
      try keys.mac(
        .code, key: key,
        Self.fields(
          code, found.account.id, found.purpose, found.tokenHash, nonce: found.nonce,
          destination: sent.destinationHash, details: found.detailsHash))
    }
    switch verdict {
    case nil: return ConstantTime.equal(try mac(sent.keyID), sent.mac)
    case .wrong: return false
    case .approved:
      // The provider forgets it now. What it gives may yet fail, and is then asked for with the same code.
      let key = keys.current.id
      let approved = try mac(key)
      try connection.transaction {
        try store.adoptCode(found, keyID: key, mac: approved)
        try hosted.settle(sent.message, isApproved: true, at: now)
      }
      return true
    default:
      try connection.transaction {
        try store.exhaust(found)
        try hosted.settle(sent.message, isApproved: false, at: now)
      }
      return false
    }
  }

  /// What the MAC of a code covers: this account, purpose, challenge, issue, number, and payment, and
  /// no other.
  private static func fields(
    _ code: String, _ account: Account.ID, _ purpose: Challenge.Purpose, _ tokenHash: [UInt8],
    nonce: [UInt8], destination: [UInt8], details: [UInt8]?
  ) -> [[UInt8]] {
    [
      Array("challenge".utf8), account.bytes, Array(purpose.rawValue.utf8), tokenHash, nonce,
      destination, details ?? [], Array(code.utf8),
    ]
  }

  // MARK: Details

  private static func context(_ tokenHash: [UInt8]) -> [UInt8] {
    Array("challenge|details|".utf8) + tokenHash
  }

  func seal(_ details: TransactionDetails, _ tokenHash: [UInt8]) throws -> [UInt8] {
    try keys.seal(
      Array(JSONEncoder().encode(details)), .payload, context: Self.context(tokenHash))
  }

  func openDetails(_ sealed: [UInt8], _ tokenHash: [UInt8]) throws -> TransactionDetails {
    try JSONDecoder().decode(
      TransactionDetails.self,
      from: Data(keys.open(sealed, .payload, context: Self.context(tokenHash))))
  }
}
