import FoundationEssentials

/// Vonage Verify, version 1 (<https://developer.vonage.com/en/api/verify.v1>).
///
/// It answers 200 whatever happened, and says what in `status`. A number has one request at a time: asking
/// again names the one there is, so that a start whose answer was lost is simply repeated.
struct VonageVerify: HostedEngine {
  private let settings: VonageVerifySettings
  private let vonage: VonageSettings

  let name = "vonage-verify"
  let abilities = EngineAbilities(
    channels: [.sms, .call],
    // The codes for payments are in euros, and the payee's name is short.
    carries: { details, channel in
      guard let details else { return true }
      return details.money.currency.code == "EUR"
        && (1...18).contains(details.payee.unicodeScalars.count)
        && channel == .sms
    }, repeatsStart: true)

  init(_ settings: VonageVerifySettings, _ vonage: VonageSettings) {
    self.settings = settings
    self.vonage = vonage
  }

  private func post(_ path: String, _ fields: [(name: String, value: String)]) -> TransferRequest {
    TransferRequest(
      posting: [("api_key", vonage.apiKey), ("api_secret", vonage.apiSecret.reveal())] + fields,
      to: "\(settings.baseURL)/verify/\(path)json")
  }

  /// Workflow 7 is a call and nothing else.
  private static let callWorkflow = 7

  func send(_ order: CarrierOrder) -> TransferRequest {
    // Rounded down: who has a code must not be told that it is over before it is.
    let expiry = String(min(3_600, max(60, order.lifetime)))
    var fields: [(name: String, value: String)] = [
      ("number", String(order.to.drop { $0 == "+" })), ("code_length", "6"), ("pin_expiry", expiry),
      ("workflow_id", String(order.channel == .call ? Self.callWorkflow : settings.workflow)),
      ("lg", Self.languages[order.text.hosted?.language ?? "en"] ?? "en-us"),
    ]
    if let payment = order.text.hosted?.payment {
      return post("psd2/", fields + [("payee", payment.payee), ("amount", payment.money.number)])
    }
    fields.append(("brand", settings.brand))
    return post("", fields)
  }

  private static let languages = [
    "en": "en-us", "es": "es-es", "fr": "fr-fr", "de": "de-de", "pt": "pt-br",
  ]

  private struct Answer: Decodable {
    let status: String
    let id: String?
    let text: String?

    enum CodingKeys: String, CodingKey {
      case status
      case id = "request_id"
      case text = "error_text"
    }

    /// An id of the form that ours have to be stored in.
    var name: String? {
      id.flatMap {
        (1...64).contains($0.utf8.count) && $0.utf8.allSatisfy(Base64URL.isDigit) ? $0 : nil
      }
    }
  }

  private static func answer(_ response: TransferResponse) -> Answer? {
    guard response.status == 200 else { return nil }
    return try? JSONDecoder().decode(Answer.self, from: Data(response.body))
  }

  func outcome(_ response: TransferResponse, of order: CarrierOrder) -> CarrierOutcome {
    if let trouble = response.trouble { return trouble }
    guard response.status == 200 else {
      return .refused(code: response.status, Failure(httpStatus: response.status))
    }
    guard let answer = Self.answer(response) else { return .unknown }
    switch Int(answer.status) {
    case 0:
      guard let id = answer.name else { return .unknown }
      return .accepted(sid: id, CarrierProgress(status: .sent, rank: 1))
    case 1: return .notTaken(after: nil, .providerRateLimited)
    case 5: return .unknown
    case 10: return .inProgress(sid: answer.name)
    // Of the parameters only the number is not ours.
    case 3 where answer.text?.contains("number") != true:
      return .refused(code: 3, .providerRequestRejected)
    case let code: return .refused(code: code, Failure(vonageVerifyStart: code))
    }
  }

  /// `search` takes an id, and names nothing that can be reached without one.
  func probe() -> TransferRequest? {
    post("search/", [("request_id", String(repeating: "0", count: 32))])
  }

  // MARK: Judging

  func check(_ code: String, sid: String, _ details: TransactionDetails?) -> TransferRequest {
    post("check/", [("request_id", sid), ("code", code)])
  }

  func verdict(_ response: TransferResponse) -> EngineVerdict {
    guard response.status == 200 else {
      return .notJudged(Failure(httpStatus: response.status), after: response.retryAfter)
    }
    guard let answer = Self.answer(response) else { return .unknown }
    return switch Int(answer.status) {
    case 0: .approved
    case 16: .wrong
    case 17: .exhausted
    case 6: .gone
    case 1: .notJudged(.providerRateLimited, after: nil)
    case 5: .unknown
    case let code: .notJudged(Failure(vonageVerifyStart: code), after: nil)
    }
  }

  func cancel(sid: String) -> TransferRequest {
    post("control/", [("request_id", sid), ("cmd", "cancel")])
  }

  /// Not within 30 seconds of the start, nor after its second message (19).
  func isOver(_ response: TransferResponse) -> Bool {
    ["0", "6"].contains(Self.answer(response)?.status)
  }
}

/// What is needed to have codes made by Vonage.
package struct VonageVerifySettings: Sendable {
  /// Begins the words of a code.
  package let brand: String
  /// Which sequence of messages and calls version 1 sends, 1 to 7
  /// (<https://developer.vonage.com/en/verify/verify-v1/guides/workflows-and-events>).
  package let workflow: Int
  package let version: Int
  package let baseURL: String

  /// Reads what Verify needs beside the account; nil, with faults, when it is malformed.
  init?(_ source: inout Environment) {
    let faults = source.faults.count
    version = source.integer("VONAGE_VERIFY_VERSION", default: 1, in: 1...2)
    brand = source.required("VONAGE_BRAND")
    // Version 1 takes 18 characters, version 2 takes 16.
    let longest = version == 1 ? 18 : 16
    if !brand.isEmpty,
      brand.utf8.count > longest || !brand.utf8.allSatisfy({ (0x20..<0x7F).contains($0) })
    {
      source.fault("VONAGE_BRAND must be 1 to \(longest) letters, digits, and spaces.")
    }
    workflow = source.integer("VONAGE_WORKFLOW_ID", default: 6, in: 1...7)
    baseURL = source.providerURL("VONAGE_API_BASE_URL", "https://api.nexmo.com") ?? ""
    guard source.faults.count == faults else { return nil }
  }
}
