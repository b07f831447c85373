import FoundationEssentials

/// Twilio Verify, version 2: codes that Twilio makes, words, sends, and judges
/// (<https://www.twilio.com/docs/verify/api/verification>).
///
/// A service keeps one verification for a number, and sends its code again when another is asked for; the
/// code is new only after the earlier one was cancelled.
struct TwilioVerify: HostedEngine {
  private let client: TwilioVerifyClient
  private let service: String
  private let rateLimit: String?

  let name: String
  let abilities: EngineAbilities

  init(_ settings: TwilioVerifySettings, _ twilio: TwilioSettings) {
    self.init(settings, twilio, service: settings.service, name: "twilio-verify") { payment, _ in
      payment == nil
    }
  }

  /// For payments, by a service that puts amount and payee first. It wants both of every code (60206), so it is
  /// one of its own, and makes no calls (60214). Nil where there is none.
  init?(forPayments settings: TwilioVerifySettings, _ twilio: TwilioSettings) {
    guard let service = settings.paymentService else { return nil }
    self.init(settings, twilio, service: service, name: "twilio-psd2") { payment, channel in
      payment != nil && channel == .sms
    }
  }

  private init(
    _ settings: TwilioVerifySettings, _ twilio: TwilioSettings, service: String, name: String,
    carries: @escaping @Sendable (TransactionDetails?, OutgoingMessage.Channel) -> Bool
  ) {
    client = TwilioVerifyClient(settings, twilio)
    self.service = service
    self.name = name
    rateLimit = settings.rateLimit
    abilities = EngineAbilities(channels: [.sms, .call], carries: carries, repeatsStart: false)
  }

  func send(_ order: CarrierOrder) -> TransferRequest {
    let hosted = order.text.hosted
    var fields: [(name: String, value: String)] = [
      ("To", order.to), ("Channel", order.channel == .call ? "call" : "sms"),
    ]
    if let locale = Self.locale(hosted?.language) { fields.append(("Locale", locale)) }
    if let payment = hosted?.payment { fields += Self.fields(payment) }
    if let name = rateLimit, let address = hosted?.address,
      let limits = try? JSONEncoder().encode([name: address])
    {
      fields.append(("RateLimits", String(decoding: limits, as: UTF8.self)))
    }
    return client.post("\(service)/Verifications", fields)
  }

  /// Told again with each check, or Twilio refuses it.
  private static func fields(_ payment: TransactionDetails) -> [(name: String, value: String)] {
    [("Amount", payment.money.plain), ("Payee", payment.payee)]
  }

  /// Languages that Verify has words in; the others are read in English.
  private static func locale(_ language: String?) -> String? {
    guard let language else { return nil }
    if language == "pt" { return "pt-BR" }
    return ["en", "es", "fr", "de"].contains(language) ? language : nil
  }

  private struct Verification: Decodable {
    struct Attempt: Decodable {}
    let sid: String
    let status: String
    let attempts: [Attempt]?
    let created: String?

    enum CodingKeys: String, CodingKey {
      case sid, status
      case attempts = "send_code_attempts"
      case created = "date_created"
    }
  }

  func outcome(_ response: TransferResponse, of order: CarrierOrder) -> CarrierOutcome {
    // A number's own limits are answered with 429 too, and the reason stands in the body.
    if (400..<500).contains(response.status) {
      let failure = client.failure(response)
      return failure == .providerRateLimited
        ? .notTaken(after: response.retryAfter, failure)
        : .refused(code: TwilioVerifyClient.problem(response).code, failure)
    }
    if let trouble = response.trouble { return trouble }
    guard (200..<300).contains(response.status) else {
      return .refused(code: response.status, .providerRequestRejected)
    }
    guard let started = try? JSONDecoder().decode(Verification.self, from: Data(response.body)),
      TwilioSettings.isSID(started.sid, "VE")
    else { return .unknown }
    // Sent again: a code that lived already, for whatever it was.
    guard (started.attempts?.count ?? 1) <= 1 else { return .inProgress(sid: started.sid) }
    return .accepted(sid: started.sid, CarrierProgress(status: .sent, rank: 1))
  }

  /// A verification goes by its number as well as by its id.
  func lookUp(_ order: CarrierOrder) -> TransferRequest? {
    client.get(
      "\(service)/Verifications/\(PercentEncoding.encode(order.to))"
    )
  }

  func finding(_ order: CarrierOrder, _ result: Result<TransferResponse, TransferError>)
    -> CarrierFinding
  {
    guard case .success(let response) = result else { return .noAnswer }
    if response.status == 404 { return .candidates([]) }
    guard response.status == 200,
      let found = try? JSONDecoder().decode(Verification.self, from: Data(response.body)),
      TwilioSettings.isSID(found.sid, "VE")
    else { return .noAnswer }
    // One that was there before is another's.
    let isOlder = found.created.map { $0.prefix(19) < order.since.rfc3339.prefix(19) } ?? true
    guard found.status == "pending", !isOlder else { return .candidates([]) }
    return .candidates([(found.sid, CarrierProgress(status: .sent, rank: 1))])
  }

  func probe() -> TransferRequest? { client.get(service) }

  // MARK: Judging

  func check(_ code: String, sid: String, _ details: TransactionDetails?) -> TransferRequest {
    client.post(
      "\(service)/VerificationCheck",
      [("VerificationSid", sid), ("Code", code)] + (details.map(Self.fields) ?? []))
  }

  func verdict(_ response: TransferResponse) -> EngineVerdict {
    switch response.status {
    case 200..<300:
      guard let judged = try? JSONDecoder().decode(Verification.self, from: Data(response.body))
      else { return .unknown }
      switch judged.status {
      case "approved": return .approved
      case "pending": return .wrong
      case "max_attempts_reached": return .exhausted
      default: return .gone
      }
    case 404: return .gone
    default:
      let failure = client.failure(response)
      return failure == .checkLimitReached
        ? .exhausted : .notJudged(failure, after: response.retryAfter)
    }
  }

  func cancel(sid: String) -> TransferRequest {
    client.post("\(service)/Verifications/\(sid)", [("Status", "canceled")])
  }

  func isOver(_ response: TransferResponse) -> Bool {
    (200..<300).contains(response.status) || response.status == 404
  }
}

/// Requests to a Verify service, which codes and factors have in common.
struct TwilioVerifyClient: Sendable {
  private let base: String
  private let login: (user: String, password: Secret)

  init(_ settings: TwilioVerifySettings, _ twilio: TwilioSettings) {
    base = "\(settings.baseURL)/v2/Services"
    login = twilio.login
  }

  func get(_ path: String) -> TransferRequest {
    signedIn(TransferRequest(method: .get, url: "\(base)/\(path)"))
  }

  func delete(_ path: String) -> TransferRequest {
    signedIn(TransferRequest(method: .delete, url: "\(base)/\(path)"))
  }

  func post(_ path: String, _ fields: [(name: String, value: String)]) -> TransferRequest {
    signedIn(TransferRequest(posting: fields, to: "\(base)/\(path)"))
  }

  private func signedIn(_ request: TransferRequest) -> TransferRequest {
    var request = request
    request.login = login
    return request
  }

  struct Problem: Decodable {
    var code: Int?
    var message: String?
  }

  static func problem(_ response: TransferResponse) -> Problem {
    (try? JSONDecoder().decode(Problem.self, from: Data(response.body))) ?? Problem()
  }

  /// What is wrong, by Twilio's number, else by the status.
  func failure(_ response: TransferResponse) -> Failure {
    let problem = Self.problem(response)
    guard let code = problem.code else { return Failure(httpStatus: response.status) }
    // The number stands for any parameter, and all but the first are ours.
    if code == 60200, let message = problem.message,
      Self.ownParameters.contains(where: message.contains)
    {
      return .providerRequestRejected
    }
    return Failure(twilioCode: code)
  }

  private static let ownParameters = [
    "Channel", "Locale", "Amount", "Payee", "RateLimits", "Code", "VerificationSid",
  ]
}

/// What is needed to have codes made by Twilio.
package struct TwilioVerifySettings: Sendable {
  /// `VA` and 32 hexadecimal digits.
  package let service: String
  /// A service for payments, which names amount and payee; without one such codes are made here.
  package let paymentService: String?
  /// The unique name of a rate limit of the service that counts client addresses.
  package let rateLimit: String?
  package let baseURL: String

  /// Reads the variables named `TWILIO_VERIFY_…`; nil, with faults, when they are incomplete.
  init?(_ source: inout Environment) {
    let faults = source.faults.count
    service = source.required("TWILIO_VERIFY_SERVICE_SID")
    paymentService = source.value("TWILIO_VERIFY_PSD2_SERVICE_SID")
    rateLimit = source.value("TWILIO_VERIFY_RATE_LIMIT")
    for (name, sid) in [
      ("TWILIO_VERIFY_SERVICE_SID", service),
      ("TWILIO_VERIFY_PSD2_SERVICE_SID", paymentService ?? ""),
    ] where !sid.isEmpty && !TwilioSettings.isSID(sid, "VA") {
      source.fault("\(name) must be VA and 32 hexadecimal digits.")
    }
    if paymentService == service, paymentService != nil {
      source.fault(
        "TWILIO_VERIFY_PSD2_SERVICE_SID must be a service of its own, for payments only.")
    }
    baseURL = source.providerURL("TWILIO_VERIFY_BASE_URL", "https://verify.twilio.com") ?? ""
    guard source.faults.count == faults else { return nil }
  }
}
