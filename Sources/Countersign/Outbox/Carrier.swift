import FoundationEssentials

/// A provider as the courier sees it: it makes requests and reads answers, and the courier carries
/// them.
protocol Carrier: Sendable {
  /// As it is stored with what it took.
  var name: String { get }

  /// The sender of text messages that people can stop; nil for other channels.
  var sender: String? { get }

  /// The request that sends.
  func send(_ order: CarrierOrder) throws -> TransferRequest

  /// What an answer to a request to send says.
  func outcome(_ response: TransferResponse, of order: CarrierOrder) -> CarrierOutcome

  /// The request that asks what the provider knows of an order; nil when it cannot be asked.
  func lookUp(_ order: CarrierOrder) -> TransferRequest?

  /// What the provider knows of an order whose outcome was lost.
  func finding(_ order: CarrierOrder, _ result: Result<TransferResponse, TransferError>)
    -> CarrierFinding

  /// The request that asks whether the provider is there, and does nothing; nil where there is none.
  func probe() -> TransferRequest?

  /// The request that asks what became of a message; nil when the provider cannot be asked.
  func askStatus(sid: String) -> TransferRequest?

  /// What became of a message; nil while that is not known.
  func status(_ result: Result<TransferResponse, TransferError>, sid: String) -> Delivery.Report?

  /// The request that asks what a message cost; nil when the provider does not say.
  func askPrice(sid: String, _ channel: OutgoingMessage.Channel) -> TransferRequest?

  /// What a segment or a call cost, in millionths of a US dollar; nil while that is not known.
  func price(_ result: Result<TransferResponse, TransferError>) -> Int?
}

extension Carrier {
  var sender: String? { nil }

  /// What became of a request to send: without an answer it goes by what can have arrived.
  func outcome(
    _ result: Result<TransferResponse, TransferError>, of order: CarrierOrder
  ) -> CarrierOutcome {
    switch result {
    case .success(let response): outcome(response, of: order)
    case .failure(let error):
      error.mayHaveArrived ? .unknown : .notTaken(after: nil, .providerUnavailable)
    }
  }

  func lookUp(_ order: CarrierOrder) -> TransferRequest? { nil }

  func probe() -> TransferRequest? { nil }

  func finding(_ order: CarrierOrder, _ result: Result<TransferResponse, TransferError>)
    -> CarrierFinding
  { .noAnswer }

  func askStatus(sid: String) -> TransferRequest? { nil }

  func status(_ result: Result<TransferResponse, TransferError>, sid: String) -> Delivery.Report? {
    nil
  }

  func askPrice(sid: String, _ channel: OutgoingMessage.Channel) -> TransferRequest? { nil }

  func price(_ result: Result<TransferResponse, TransferError>) -> Int? { nil }
}

extension TransferResponse {
  /// What a web server's status says by itself, whoever's it is; nil where the answer has to be read.
  var trouble: CarrierOutcome? {
    switch status {
    case 429: .notTaken(after: retryAfter, .providerRateLimited)
    case 503: .notTaken(after: retryAfter, .providerUnavailable)
    // Neither 500 nor a gateway's 502 and 504 says whether the message was taken before something broke.
    case 500...: .unknown
    default: nil
    }
  }
}

/// What is to be sent.
struct CarrierOrder: Sendable {
  let message: OutgoingMessage.ID
  let channel: OutgoingMessage.Channel
  /// A phone number in E.164, or an email address.
  let to: String
  let text: MessageText
  /// Seconds after which it is not worth delivering.
  let lifetime: Int
  /// When it was asked for.
  let since: Date
}

/// How far a message has come; its rank only rises.
struct CarrierProgress: Sendable {
  let status: MessageStatus
  let rank: Int
}

enum CarrierOutcome: Sendable {
  /// The provider has it under this id.
  case accepted(sid: String, CarrierProgress)
  /// The provider will not send it: repeating the request changes nothing.
  case refused(code: Int?, Failure)
  /// The provider did not take it, and may later.
  case notTaken(after: Int?, Failure)
  /// The provider has a code alive for the number, by this id: this one, when its answer was lost, or another.
  case inProgress(sid: String?)
  /// The provider may have it.
  case unknown

  /// What it says about the provider itself; nil when it did its work.
  var complaint: Failure? {
    switch self {
    case .accepted, .inProgress: nil
    // What is wrong with one request says nothing about the next.
    case .refused(_, let failure):
      [.providerAuthFailed, .providerAccountProblem].contains(failure) ? failure : nil
    case .notTaken(_, let failure): failure
    case .unknown: .outcomeUnknown
    }
  }
}

extension Result<TransferResponse, TransferError> {
  /// Whether the answer to a probe is one of a provider that works: whatever it says, it says it whole.
  var isReply: Bool {
    guard case .success(let response) = self, response.status != 429 else { return false }
    // It is there, and does not know the question.
    if (400..<500).contains(response.status) || response.status == 501 { return true }
    return (200..<300).contains(response.status)
      && (try? JSONDecoder().decode(AnyObject.self, from: Data(response.body))) != nil
  }

  private struct AnyObject: Decodable {
    struct AnyValue: Decodable {
      init(from decoder: any Decoder) {}
    }
    init(from decoder: any Decoder) throws {
      _ = try [String: AnyValue](from: decoder)
    }
  }
}

enum CarrierFinding: Sendable {
  /// What may be it, newest first; none when the provider knows of no such thing.
  case candidates([(sid: String, progress: CarrierProgress)])
  /// It could not be asked.
  case noAnswer
}
