import FoundationEssentials

/// A provider that makes codes itself, sends them, and judges what comes back: it starts a code as a
/// carrier takes a message, and is asked about each try.
///
/// What it tells of a code is never passed on as it is. It forgets a code that was used, that is over, and
/// that it never had alike; which of these it was is known here.
protocol HostedEngine: Carrier {
  var abilities: EngineAbilities { get }

  /// The request that has a code judged.
  func check(_ code: String, sid: String, _ details: TransactionDetails?) -> TransferRequest

  /// What an answer says of the code.
  func verdict(_ response: TransferResponse) -> EngineVerdict

  /// The request that ends a code that is not to be used any more.
  func cancel(sid: String) -> TransferRequest

  /// True when a code is over after this answer, by whatever ended it.
  func isOver(_ response: TransferResponse) -> Bool
}

/// What an engine can do.
struct EngineAbilities: Sendable {
  let channels: Set<OutgoingMessage.Channel>
  /// True for the codes it takes: of a payment only when it puts amount and payee into the words.
  let carries: @Sendable (TransactionDetails?, OutgoingMessage.Channel) -> Bool
  /// True where a start that was perhaps taken may be repeated: the answer names the code there is.
  let repeatsStart: Bool
}

enum EngineVerdict: Equatable, Sendable {
  case approved
  case wrong
  /// Wrong, and the last try that the provider allows.
  case exhausted
  /// It knows no such code, or none any more.
  case gone
  /// It says that it did not judge, or something that we do not know.
  case notJudged(Failure, after: Int?)
  /// It may have approved the code, which is used up then.
  case unknown
}

extension HostedEngine {
  /// True when it can do with an order what the order asks for.
  func takes(_ order: CarrierOrder) -> Bool {
    guard let hosted = order.text.hosted else { return false }
    return abilities.channels.contains(order.channel)
      && abilities.carries(hosted.payment, order.channel)
  }

  /// What became of a request to judge a code: without an answer it goes by what can have arrived.
  func verdict(_ result: Result<TransferResponse, TransferError>) -> EngineVerdict {
    switch result {
    case .success(let response) where response.status < 500: verdict(response)
    case .success(let response):
      response.status == 503
        ? .notJudged(.providerUnavailable, after: response.retryAfter) : .unknown
    case .failure(let error):
      error.mayHaveArrived ? .unknown : .notJudged(.providerUnavailable, after: nil)
    }
  }
}

extension EngineVerdict {
  /// The verdict, where there is one.
  ///
  /// - Throws: `HostedCodes.NotJudged` where the try is to be given back. What a provider says that we do not know may
  ///   be its word for a wrong code, and costs the try.
  func judged() throws -> EngineVerdict {
    switch self {
    case .notJudged(let failure, let after):
      var rejection = failure.rejectionOfCheck
      if let after, rejection.retryAfter != nil { rejection.retryAfter = after }
      guard failure.leavesCodeUnjudged else { throw rejection }
      throw HostedCodes.NotJudged(rejection: rejection)
    case .unknown: throw Rejection(.providerOutcomeUnknown)
    case .approved, .wrong, .exhausted, .gone: return self
    }
  }
}

/// What a provider that finds the words of a code itself is told.
package struct HostedOrder: Sendable, Codable, Equatable {
  let language: String
  var payment: TransactionDetails?
  /// An account has proven the number: what is sent to it is its owner's.
  let isNumberProven: Bool
  /// Whose request it was, for limits of the provider's own.
  var address: String?
}
