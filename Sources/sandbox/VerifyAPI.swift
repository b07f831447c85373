import Countersign
import FoundationEssentials
import Synchronization

/// Twilio Verify, version 2, as it behaves towards a client
/// (<https://www.twilio.com/docs/verify/api/rate-limits-and-timeouts>): one verification for a number, five
/// messages and five checks of it in ten minutes, and no memory of what is over.
struct VerifyAPI {
  private let sandbox: Sandbox
  private let account: TwilioAccount
  private let settings: TwilioVerifySettings?
  private let accountSID: String
  private let product: String

  init(_ sandbox: Sandbox, _ configuration: Configuration) {
    self.sandbox = sandbox
    account = TwilioAccount(configuration.twilio)
    settings = configuration.twilioVerify
    accountSID = configuration.twilio.accountSID
    product = configuration.productName
  }

  /// What is alive at Verify.
  final class State: Sendable {
    struct Live {
      let sid: String
      let service: String
      let to: String
      let code: String
      let channel: String
      let payment: [String]
      let startedAt: Date
      var sends = 1
      var checks = 0
    }
    /// By service and number.
    let live = Mutex<[String: Live]>([:])
  }

  private static let lifetime: TimeInterval = 600
  private static let maximum = 5

  private struct Verification: Encodable {
    struct Attempt: Encodable {
      let time: String
      let channel: String
      let attempt_sid: String
    }
    let sid: String
    let service_sid: String
    let account_sid: String
    let to: String
    let channel: String
    let status: String
    let valid: Bool
    let lookup: [String: String] = [:]
    let amount: String?
    let payee: String?
    let send_code_attempts: [Attempt]
    let date_created: String
    let date_updated: String
    let url: String

    init(_ live: State.Live, _ status: String, _ account: String) {
      sid = live.sid
      service_sid = live.service
      account_sid = account
      to = live.to
      channel = live.channel
      self.status = status
      valid = status == "approved"
      amount = live.payment.first
      payee = live.payment.last
      send_code_attempts = (0..<live.sends).map { _ in
        Attempt(
          time: live.startedAt.rfc3339, channel: live.channel.uppercased(),
          attempt_sid: "VL\(Hexadecimal.encode(Random.bytes(16)))")
      }
      date_created = live.startedAt.rfc3339
      date_updated = date_created
      url = "https://verify.twilio.com/v2/Services/\(live.service)/Verifications/\(live.sid)"
    }
  }

  private typealias Problem = TwilioAccount.Problem

  private func notFound(_ request: Request) -> Problem {
    Problem(20404, "The requested resource \(request.path) was not found", status: 404)
  }

  /// Signs in, finds the service, and reads the form.
  private func enter(_ request: Request) throws -> (service: String, form: FormFields) {
    try account.authenticate(request)
    guard let service = request.parameters["service"],
      service == settings?.service || service == settings?.paymentService
    else { throw notFound(request) }
    return (service, TwilioAccount.form(request) ?? FormFields([]))
  }

  /// GET /v2/Services/{service}
  func show(_ request: Request) throws -> Response {
    try account.answer(request) {
      let (service, _) = try enter(request)
      try sandbox.rules.look(of: "twilio-verify")?.apply()
      struct Service: Encodable {
        let sid: String
        let friendly_name: String
        let code_length = 6
        let psd2_enabled: Bool
      }
      return try .json(
        Service(
          sid: service, friendly_name: product, psd2_enabled: service == settings?.paymentService))
    }
  }

  /// POST /v2/Services/{service}/Verifications
  func start(_ request: Request) throws -> Response {
    try account.answer(request) {
      let (service, form) = try enter(request)
      guard let to = form["To"], TwilioAccount.isE164(to) else {
        throw Problem(60200, "Invalid parameter `To`: \(form["To"] ?? "")")
      }
      guard let channel = form["Channel"], ["sms", "call", "whatsapp"].contains(channel) else {
        throw Problem(60200, "Invalid parameter: Channel")
      }
      let isPayment = service == settings?.paymentService
      let payment = [form["Amount"], form["Payee"]].compactMap(\.self).filter { !$0.isEmpty }
      guard !isPayment || payment.count == 2 else {
        throw Problem(60206, "Amount and Payee parameters are required")
      }
      guard !isPayment || channel != "call" else {
        throw Problem(60214, "Channel call is not allowed with PSD2")
      }
      let rule = sandbox.rules.take(to: to, of: "twilio-verify")
      var started: State.Live?
      func take() throws {
        let key = "\(service) \(to)"
        let now = sandbox.clock.now
        let live: State.Live? = sandbox.verify.live.withLock { all in
          var live = all[key].flatMap { now < $0.startedAt + Self.lifetime ? $0 : nil }
          if live == nil {
            live = State.Live(
              sid: "VE\(Hexadecimal.encode(Random.bytes(16)))", service: service, to: to,
              code: Random.digits(6), channel: channel, payment: payment, startedAt: now)
          } else {
            live?.sends += 1
            guard let sends = live?.sends, sends <= Self.maximum else { return nil }
          }
          all[key] = live
          return live
        }
        guard let live else { throw Problem(60203, "Max send attempts reached", status: 429) }
        deliver(live, channel, request)
        started = live
      }
      try rule?.apply(take)
      if started == nil { try take() }
      guard let started else { throw notFound(request) }
      return try .json(Verification(started, "pending", accountSID), .created)
    }
  }

  private func deliver(_ live: State.Live, _ channel: String, _ request: Request) {
    let code = channel == "call" ? live.code.map(String.init).joined(separator: ", ") : live.code
    let words =
      live.payment.count == 2
      ? "\(live.payment[0]) to \(live.payment[1]). Your \(product) code is: \(code)"
      : "Your \(product) verification code is: \(code)"
    sandbox.take(
      InboxMessage(
        id: "VL\(Hexadecimal.encode(Random.bytes(16)))", provider: "twilio-verify",
        channel: channel,
        from: "VERIFY", to: live.to, body: words, status: "delivered", at: .now,
        statusCallback: nil, plan: DeliveryPlan(isReported: false)),
      from: request)
  }

  /// GET and POST /v2/Services/{service}/Verifications/{name}, by id or number.
  func fetch(_ request: Request) throws -> Response {
    try account.answer(request) {
      let (service, form) = try enter(request)
      let name = request.parameters["name"] ?? ""
      let now = sandbox.clock.now
      let found = sandbox.verify.live.withLock { all in
        let found = all.first {
          $0.value.service == service && ($0.value.sid == name || $0.value.to == name)
            && now < $0.value.startedAt + Self.lifetime
        }
        if request.method == "POST", let found { all[found.key] = nil }
        return found?.value
      }
      guard let found else { throw notFound(request) }
      guard request.method == "POST" else {
        return try .json(Verification(found, "pending", accountSID))
      }
      guard let status = form["Status"], ["canceled", "approved"].contains(status) else {
        throw Problem(60200, "Invalid parameter: Status")
      }
      return try .json(Verification(found, status, accountSID))
    }
  }

  /// POST /v2/Services/{service}/VerificationCheck
  func check(_ request: Request) throws -> Response {
    try account.answer(request) {
      let (service, form) = try enter(request)
      guard let code = form["Code"], (4...10).contains(code.utf8.count) else {
        throw Problem(60200, "Invalid parameter: Code")
      }
      guard let target = form["VerificationSid"] ?? form["To"] else {
        throw Problem(60200, "Invalid parameter: VerificationSid")
      }
      func judge() -> (State.Live?, String) {
        let now = sandbox.clock.now
        return sandbox.verify.live.withLock { all in
          guard
            let (key, found) = all.first(where: {
              $0.value.service == service && ($0.value.sid == target || $0.value.to == target)
                && now < $0.value.startedAt + Self.lifetime
            })
          else { return (nil, "") }
          all[key]?.checks += 1
          guard found.checks < Self.maximum else { return (found, "max_attempts_reached") }
          let payment = [form["Amount"], form["Payee"]].compactMap(\.self)
          guard found.code == code, found.payment == payment else { return (found, "pending") }
          all[key] = nil
          return (found, "approved")
        }
      }
      // Where only the answer is lost the code is used up all the same.
      try sandbox.rules.take(to: nil, of: "twilio-verify", on: .check)?.apply { _ = judge() }
      let (live, status) = judge()
      guard let live else { throw notFound(request) }
      guard status != "max_attempts_reached" else {
        throw Problem(60202, "Max check attempts reached", status: 429)
      }
      return try .json(Verification(live, status, accountSID), sandbox.checkStatus)
    }
  }
}
