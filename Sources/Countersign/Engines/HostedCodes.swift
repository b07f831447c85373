import FoundationEssentials

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

  /// Lets a code take the place of the one that it replaces; called inside the transaction that issues it, before it is
  /// stored. Sends to one number are one after another there, so that what is read here is the latest.
  ///
  /// - Parameter earlier: reads the message of the code that is replaced.
  func replace(
    _ earlier: () throws(DatabaseError) -> OutgoingMessage.ID?, by message: OutgoingMessage.ID,
    to destination: [UInt8], until end: Date, at now: Date
  ) throws(DatabaseError) {
    guard engines.areAny, let earlier = try earlier() else { return }
    try store.endWaiting(earlier, at: now)
    try store.hand(earlier, over: message, to: destination, until: end)
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
