import FoundationEssentials

/// Vonage Verify, version 2 (<https://developer.vonage.com/en/api/verify.v2>).
struct VonageVerify2: HostedEngine {
  private let settings: VonageVerifySettings
  private let vonage: VonageSettings

  let name = "vonage-verify2"
  /// Of payments it knows nothing.
  let abilities = EngineAbilities(
    channels: [.sms, .call], carries: { payment, _ in payment == nil }, repeatsStart: true)

  init(_ settings: VonageVerifySettings, _ vonage: VonageSettings) {
    self.settings = settings
    self.vonage = vonage
  }

  private func request(_ method: TransferRequest.Method, _ path: String = "") -> TransferRequest {
    var request = TransferRequest(method: method, url: "\(settings.baseURL)/v2/verify\(path)")
    request.login = (vonage.apiKey, vonage.apiSecret)
    return request
  }

  private func post(_ path: String, _ body: some Encodable) throws -> TransferRequest {
    var request = request(.post, path)
    request.headers = [("Content-Type", "application/json")]
    request.body = Array(try JSONEncoder().encode(body))
    return request
  }

  private struct Start: Encodable {
    struct Step: Encodable {
      let channel: String
      let to: String
    }
    let brand: String
    let locale: String
    let channel_timeout: Int
    let code_length = 6
    let workflow: [Step]
  }

  func send(_ order: CarrierOrder) throws -> TransferRequest {
    let step = Start.Step(
      channel: order.channel == .call ? "voice" : "sms", to: String(order.to.drop { $0 == "+" }))
    return try post(
      "",
      Start(
        brand: settings.brand, locale: Self.locales[order.text.hosted?.language ?? "en"] ?? "en-us",
        channel_timeout: min(900, max(60, order.lifetime)), workflow: [step]))
  }

  private static let locales = [
    "en": "en-us", "es": "es-es", "fr": "fr-fr", "de": "de-de", "pt": "pt-br",
  ]

  private struct Answer: Decodable {
    let request_id: String?

    var name: String? {
      request_id.flatMap {
        (1...64).contains($0.utf8.count) && $0.utf8.allSatisfy(Base64URL.isDigit) ? $0 : nil
      }
    }
  }

  private static func answer(_ response: TransferResponse) -> Answer? {
    try? JSONDecoder().decode(Answer.self, from: Data(response.body))
  }

  func outcome(_ response: TransferResponse, of order: CarrierOrder) -> CarrierOutcome {
    if let trouble = response.trouble { return trouble }
    switch response.status {
    case 200..<300:
      guard let id = Self.answer(response)?.name else { return .unknown }
      return .accepted(sid: id, CarrierProgress(status: .sent, rank: 1))
    case 409: return .inProgress(sid: Self.answer(response)?.name)
    // The number is the one thing in a start that is not ours.
    case 422:
      let isNumber = String(decoding: response.body, as: UTF8.self).contains("\"to\"")
      return .refused(code: 422, isNumber ? .destinationInvalid : .providerRequestRejected)
    case 403: return .refused(code: 403, .blockedByRiskPolicy)
    default: return .refused(code: response.status, Failure(httpStatus: response.status))
    }
  }

  func probe() -> TransferRequest? {
    request(.get, "/00000000-0000-0000-0000-000000000000")
  }

  // MARK: Judging

  private struct Code: Encodable {
    let code: String
  }

  func check(_ code: String, sid: String, _ details: TransactionDetails?) -> TransferRequest {
    // A code is six digits, and needs nothing escaped.
    var request = request(.post, "/\(sid)")
    request.headers = [("Content-Type", "application/json")]
    request.body = Array("{\"code\":\"\(code)\"}".utf8)
    return request
  }

  func verdict(_ response: TransferResponse) -> EngineVerdict {
    switch response.status {
    case 200..<300: .approved
    case 400: .wrong
    case 410: .exhausted
    // Of a step that takes no code (409) there is none to be judged.
    case 404, 409: .gone
    default: .notJudged(Failure(httpStatus: response.status), after: response.retryAfter)
    }
  }

  func cancel(sid: String) -> TransferRequest {
    request(.delete, "/\(sid)")
  }

  func isOver(_ response: TransferResponse) -> Bool {
    (200..<300).contains(response.status) || response.status == 404
  }
}
