import FoundationEssentials

/// The engines that a configuration has, by what they do.
struct Engines {
  /// Who takes codes that are sent now, in order of preference; none where they are made here.
  let active: [any HostedEngine]
  /// Those and the ones that still judge what they sent before.
  let known: [any HostedEngine]

  init(_ configuration: Configuration) {
    let twilio = configuration.twilioVerify.map { settings -> [any HostedEngine] in
      let payments = TwilioVerify(forPayments: settings, configuration.twilio)
      return [TwilioVerify(settings, configuration.twilio)] + (payments.map { [$0] } ?? [])
    }
    // By whichever version a code was made, that version judges it.
    let vonage = configuration.vonageVerify.flatMap { settings in
      configuration.vonage.map { account -> [any HostedEngine] in
        let versions: [any HostedEngine] = [
          VonageVerify(settings, account), VonageVerify2(settings, account),
        ]
        return settings.version == 1 ? versions : versions.reversed()
      }
    }
    switch configuration.engines.codes {
    case .local: active = []
    case .twilioVerify: active = twilio ?? []
    case .vonageVerify: active = vonage?.first.map { [$0] } ?? []
    }
    known = (twilio ?? []) + (vonage ?? [])
  }

  /// True when a code may be somebody else's.
  var areAny: Bool { !known.isEmpty }

  func named(_ name: String) -> (any HostedEngine)? {
    known.first { $0.name == name }
  }
}

/// Asking the engines whether they are there.
package enum EngineProbe {
  /// Each by its name, and whether it answered.
  package static func all(_ configuration: Configuration) -> [(name: String, isThere: Bool)] {
    Engines(configuration).known.compactMap { engine in
      engine.probe().map { request in
        let result: Result<TransferResponse, TransferError>
        do throws(TransferError) {
          result = .success(try Transfer.perform(request))
        } catch {
          result = .failure(error)
        }
        return (engine.name, result.isReply)
      }
    }
  }
}

/// Codes that a provider keeps, as responders deal with them: giving up the place of one that is replaced, and
/// having a try judged.
///
/// What is charged, when a code is over, and what a caller is told is decided here and not by what the
/// provider answers. A code it approved is remembered by who asked, since it forgets it at once.
struct HostedCodes {
  private let store: HostedCodeStore
  private let engines: Engines
  private let line = ProviderLine()
  private let fallsBack: Bool

  init(_ connection: Connection, _ configuration: Configuration) {
    fallsBack = configuration.engines.fallsBack
    store = HostedCodeStore(connection: connection)
    engines = Engines(configuration)
  }

  /// What a provider is told of a code; nil where codes are made here.
  func order(
    _ language: Language, _ payment: TransactionDetails? = nil, isNumberProven: Bool,
    address: String?
  ) -> HostedOrder? {
    guard !engines.active.isEmpty else { return nil }
    return HostedOrder(
      language: language.code, payment: payment, isNumberProven: isNumberProven, address: address)
  }

  /// Looks whether a provider has a place for a code that nobody else may send; called inside the transaction that issues
  /// it, after it has taken the place of the one that it replaces.
  ///
  /// - Throws: `verification_in_progress`.
  func requirePlace(
    for message: OutgoingMessage.ID, _ order: HostedOrder?, to destination: [UInt8], at now: Date
  ) throws {
    guard let order, !fallsBack, !order.isNumberProven else { return }
    if try store.isBusy(
      engines.active.map(\.name), destination, otherThan: message, at: now)
    {
      throw Rejection(.verificationInProgress, retryAfter: 30)
    }
  }

  /// Whether a code that a provider would not send may be said on the phone by us.
  func allowsOwn(_ order: HostedOrder?) -> Bool { order == nil || fallsBack }

  /// Hands the place of a verification's code to its next one; called inside the transaction that issues it.
  func replace(
    _ purpose: VerificationCode.Purpose, _ subject: [UInt8], by message: OutgoingMessage.ID,
    to destination: [UInt8], until end: Date, at now: Date
  ) throws(DatabaseError) {
    guard engines.areAny else { return }
    try store.replace(purpose, subject, by: message, to: destination, until: end, at: now)
  }

  func replace(
    _ account: Account.ID, _ purpose: Challenge.Purpose, by message: OutgoingMessage.ID,
    to destination: [UInt8], until end: Date, at now: Date
  ) throws(DatabaseError) {
    guard engines.areAny else { return }
    try store.replace(account, purpose, by: message, to: destination, until: end, at: now)
  }

  /// Has a code judged by the provider that has it; nil where it is ours to compare.
  ///
  /// Called outside any transaction, after the try was charged.
  ///
  /// - Throws: `NotJudged` with what the caller is told; `provider_outcome_unknown` when the code may have been
  ///   used up by this.
  func judge(
    _ code: String, of message: OutgoingMessage.ID,
    _ details: @autoclosure () throws -> TransactionDetails? = nil
  ) throws -> EngineVerdict? {
    guard engines.areAny, let live = try store.find(message) else { return nil }
    guard let engine = engines.named(live.provider) else {
      throw NotJudged(rejection: Rejection(.providerUnavailable))
    }
    let result: Result<TransferResponse, TransferError>
    do {
      result = try line.perform(engine.check(code, sid: live.sid, details()))
    } catch let error as Rejection {
      throw NotJudged(rejection: error)
    }
    return try engine.verdict(result).judged()
  }

  /// The provider did not look at the code: the try is given back.
  struct NotJudged: Error {
    let rejection: Rejection
  }

  /// Takes the code of a message back from the provider, which is done with it; called inside the transaction
  /// that remembers what was approved.
  func settle(_ message: OutgoingMessage.ID, isApproved: Bool, at now: Date) throws(DatabaseError) {
    try store.release(message)
    if isApproved { try store.markDelivered(message, at: now) }
  }

  func purge(at now: Date) throws(DatabaseError) -> Int {
    try store.purge(at: now)
  }
}
