import FoundationEssentials

/// Vonage's SMS API (<https://developer.vonage.com/en/api/sms>).
///
/// It knows no idempotency key, and cannot be asked what it took. It answers 200 whatever happened, and
/// says what in each part of the message.
struct VonageMessages: Carrier {
  private let settings: VonageSettings
  private let callback: String

  init(_ settings: VonageSettings, _ origin: PublicBaseURL) {
    self.settings = settings
    callback = "\(origin.origin)/api/webhooks/vonage-dlr"
  }

  let name = "vonage"
  var sender: String? { settings.sender }

  func send(_ order: CarrierOrder) throws -> TransferRequest {
    let isGSM = ShortMessage.septets(order.text.body) != nil
    return TransferRequest(
      posting: [
        ("api_key", settings.apiKey), ("api_secret", settings.apiSecret.reveal()),
        ("from", settings.from), ("to", String(order.to.drop { $0 == "+" })),
        ("text", order.text.body), ("type", isGSM ? "text" : "unicode"),
        ("ttl", String(min(max(order.lifetime, 20), 259_200) * 1_000)),
        ("status-report-req", "true"), ("callback", callback),
        ("client-ref", order.message.description),
      ], to: "\(settings.restBaseURL)/sms/json")
  }

  /// Without credentials, which would stand in the address: that it refuses is answer enough.
  func probe() -> TransferRequest? {
    TransferRequest(method: .get, url: "\(settings.restBaseURL)/account/get-balance")
  }

  private struct Answer: Decodable {
    struct Part: Decodable {
      let status: String
      let id: String?
      let price: String?

      enum CodingKeys: String, CodingKey {
        case status
        case id = "message-id"
        case price = "message-price"
      }
    }
    let messages: [Part]
  }

  func outcome(_ response: TransferResponse, of order: CarrierOrder) -> CarrierOutcome {
    if let trouble = response.trouble { return trouble }
    guard response.status == 200 else {
      return .refused(code: response.status, .providerRequestRejected)
    }
    guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(response.body)),
      let first = answer.messages.first
    else { return .unknown }
    // Of a long text some parts may be on their way: it is not sent again, and its receipts say the rest.
    guard let taken = answer.messages.first(where: { $0.status == "0" }) else {
      switch Int(first.status) {
      case 1: return .notTaken(after: nil, .providerRateLimited)
      case 5: return .unknown
      case let code: return .refused(code: code, Failure(vonageStatus: code))
      }
    }
    guard let sid = taken.id, (1...64).contains(sid.utf8.count),
      sid.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { return .unknown }
    return .accepted(sid: sid, CarrierProgress(status: .sent, rank: 1))
  }
}

extension Failure {
  /// What a status of the SMS API means
  /// (<https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms>).
  init(vonageStatus status: Int?) {
    switch status {
    case 3, 6: self = .destinationInvalid
    case 7: self = .destinationOptedOut
    case 33: self = .destinationUnknown
    case 4, 8, 14: self = .providerAuthFailed
    case 9: self = .providerAccountProblem
    case 11, 15, 29: self = .providerMisconfigured
    default: self = .providerRequestRejected
    }
  }

  /// What a status of Verify v1 means where a code is asked for
  /// (<https://developer.vonage.com/en/verify/verify-v1/guides/verify-responses>).
  init(vonageVerifyStart status: Int?) {
    switch status {
    case 3, 6: self = .destinationInvalid
    case 7: self = .blockedByRiskPolicy
    case 15: self = .regionNotSupported
    case 4, 8: self = .providerAuthFailed
    case 9: self = .providerAccountProblem
    case 20, 29: self = .providerMisconfigured
    default: self = .providerRequestRejected
    }
  }

  /// What an `err-code` of a delivery receipt means.
  init(vonageReceipt code: Int?) {
    switch code {
    case 2, 7, 8, 11, 12: self = .destinationUnreachable
    case 3: self = .destinationUnknown
    case 4, 9: self = .destinationOptedOut
    case 6, 14: self = .blockedByRiskPolicy
    case 50, 51, 52, 53, 54: self = .providerMisconfigured
    default: self = .destinationUnreachable
    }
  }
}

/// A delivery receipt of the SMS API
/// (<https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts>).
package struct VonageReceipt {
  /// Names the receipt over its repetitions.
  package let id: String
  /// What it reports; nil for a status that Vonage added since.
  package let report: Delivery.Report?

  /// Nil when a parameter is missing, repeated, or not in its form.
  package init?(_ form: FormFields) {
    guard let sid = form["messageId"], (1...64).contains(sid.utf8.count),
      sid.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), let word = form["status"],
      (1...16).contains(word.utf8.count)
    else { return nil }
    let code = form["err-code"].flatMap { Int($0) }.flatMap { (0...999).contains($0) ? $0 : nil }
    id = "\(sid) \(word) \(code ?? 0)"
    let (status, rank): (MessageStatus, Int)
    switch word {
    case "accepted": (status, rank) = (.sent, 2)
    case "buffered": (status, rank) = (.sent, 3)
    case "delivered": (status, rank) = (.delivered, 4)
    case "expired", "failed", "rejected": (status, rank) = (.undelivered, 4)
    default:
      report = nil
      return
    }
    report = Delivery.Report(
      sid: sid, status: status, rank: rank, errorCode: status == .undelivered ? code : nil,
      failure: status == .undelivered ? Failure(vonageReceipt: code) : nil)
  }
}
