import Countersign
import FoundationEssentials
import Synchronization

/// Vonage Verify, version 1, and version 2 beside it, as they behave towards a client
/// (<https://developer.vonage.com/en/api/verify.v1>): one request for a number, three checks of its code.
struct VonageVerifyAPI {
  private let sandbox: Sandbox
  /// Nil where we are not set up for Vonage: nobody's key is right then.
  private let settings: VonageSettings?

  init(_ sandbox: Sandbox, _ configuration: Configuration) {
    self.sandbox = sandbox
    settings = configuration.vonage
  }

  /// What is alive at Verify, by the number without `+`.
  final class State: Sendable {
    struct Live {
      let id: String
      let code: String
      let startedAt: Date
      let endsAt: Date
      var checks = 0
    }
    let live = Mutex<[String: Live]>([:])

    fileprivate func find(_ id: String, at now: Date) -> (number: String, live: Live)? {
      live.withLock { all in
        all.first { $0.value.id == id && now < $0.value.endsAt }.map { ($0.key, $0.value) }
      }
    }

    /// Begins a request; nil, with the one there is, while one lives.
    fileprivate func begin(_ number: String, _ live: Live, at now: Date) -> Live? {
      self.live.withLock { all in
        if let known = all[number], now < known.endsAt { return known }
        all[number] = live
        return nil
      }
    }

    enum Verdict { case right, wrong, worn, unknown }

    fileprivate func check(_ id: String, _ code: String, at now: Date) -> Verdict {
      live.withLock { all in
        guard let (number, found) = all.first(where: { $0.value.id == id && now < $0.value.endsAt })
        else { return .unknown }
        if found.code == code {
          all[number] = nil
          return .right
        }
        all[number]?.checks += 1
        guard found.checks + 1 < 3 else {
          all[number] = nil
          return .worn
        }
        return .wrong
      }
    }

    fileprivate func end(_ number: String) { live.withLock { $0[number] = nil } }
  }

  private func isNumber(_ text: String?) -> Bool {
    guard let text, (7...15).contains(text.utf8.count) else { return false }
    return text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }

  private func deliver(
    _ live: State.Live, _ number: String, _ channel: String, _ words: String, _ request: Request
  ) {
    let code = channel == "call" ? live.code.map(String.init).joined(separator: ", ") : live.code
    sandbox.take(
      InboxMessage(
        id: Hexadecimal.encode(Random.bytes(16)), provider: "vonage-verify", channel: channel,
        from: "VERIFY", to: "+\(number)", body: "\(words) code: \(code)", status: "delivered",
        at: .now, statusCallback: nil, plan: DeliveryPlan(isReported: false)),
      from: request)
  }

  // MARK: Version 1

  private struct Answer: Encodable {
    let status: String
    var request_id: String?
    var error_text: String?
    var event_id: String?
    var price: String?
    var currency: String?
    var command: String?
  }

  private func said(_ status: Int, _ text: String? = nil, id: String? = nil) throws -> Response {
    try .json(Answer(status: String(status), request_id: id, error_text: text))
  }

  /// The form of somebody who is signed in, or the answer that refuses it.
  private func enter(_ request: Request, _ names: [String]) throws -> Result<FormFields, Refused> {
    guard let form = FormFields(parsing: request.body) else {
      return .failure(Refused(response: try said(2, "Your request is incomplete")))
    }
    for name in ["api_key", "api_secret"] + names where form[name]?.isEmpty != false {
      return .failure(
        Refused(
          response: try said(
            2, "Your request is incomplete and missing the mandatory parameter \(name)")))
    }
    guard let settings, form["api_key"] == settings.apiKey,
      ConstantTime.equal(
        Array((form["api_secret"] ?? "").utf8), Array(settings.apiSecret.reveal().utf8))
    else { return .failure(Refused(response: try said(4, "Bad Credentials"))) }
    return .success(form)
  }

  private struct Refused: Error {
    let response: Response
  }

  /// What a rule answers; nil for one that lets the request be taken.
  private func refusal(_ rule: Rule?, _ take: () -> Void = {}) throws -> Response? {
    switch rule?.action {
    case .fail:
      if rule?.accepted == true { take() }
      guard let code = rule?.code else {
        return Response(Response.Status(code: rule?.status ?? 503, phrase: "Error"))
      }
      return try said(code, code == 3 ? "Invalid value for param: number" : "Refused")
    case .rateLimit: return try said(1, "Throughput rate exceeded")
    case .timeout:
      if rule?.accepted == true { take() }
      try SpareWorkers.sleep(seconds: rule?.seconds ?? 30)
      return try said(5, "Internal Error")
    case .slow: try SpareWorkers.sleep(seconds: rule?.seconds ?? 2)
    case .report, .silent, nil: break
    }
    return nil
  }

  /// POST /verify/json
  func start(_ request: Request) throws -> Response {
    try start(request, ["number", "brand"]) { form in form["brand"] ?? "" }
  }

  /// POST /verify/psd2/json
  func startPayment(_ request: Request) throws -> Response {
    try start(request, ["number", "payee", "amount"]) { form in
      "\(form["amount"] ?? "") EUR to \(form["payee"] ?? ""),"
    }
  }

  private func start(
    _ request: Request, _ names: [String], _ words: (FormFields) -> String
  ) throws -> Response {
    let form: FormFields
    switch try enter(request, names) {
    case .failure(let refused): return refused.response
    case .success(let fields): form = fields
    }
    guard let number = form["number"], isNumber(number) else {
      return try said(3, "Invalid value for param: number")
    }
    guard (form["brand"] ?? "").utf8.count <= 18, (form["payee"] ?? "").utf8.count <= 72 else {
      return try said(3, "Invalid value for param: brand")
    }
    let (expiry, workflow) = (
      Int(form["pin_expiry"] ?? "300") ?? 0, Int(form["workflow_id"] ?? "1") ?? 0
    )
    guard (60...3_600).contains(expiry), (1...7).contains(workflow),
      ["4", "6", nil].contains(form["code_length"])
    else { return try said(3, "Invalid value for param: pin_expiry") }
    let now = sandbox.clock.now
    let live = State.Live(
      id: Hexadecimal.encode(Random.bytes(16)),
      code: Random.digits(form["code_length"] == "6" ? 6 : 4),
      startedAt: now, endsAt: now + TimeInterval(expiry))
    let channel = workflow == 3 || workflow == 7 ? "call" : "sms"
    func take() -> State.Live? {
      if let known = sandbox.vonageVerify.begin(number, live, at: now) { return known }
      deliver(live, number, channel, words(form), request)
      return nil
    }
    let rule = sandbox.rules.take(to: "+\(number)", of: "vonage-verify")
    if let refusal = try refusal(rule, { _ = take() }) { return refusal }
    if let known = take() {
      return try said(
        10, "Concurrent verifications to the same number are not allowed", id: known.id)
    }
    return try said(0, id: live.id)
  }

  /// POST /verify/check/json
  func check(_ request: Request) throws -> Response {
    let form: FormFields
    switch try enter(request, ["request_id", "code"]) {
    case .failure(let refused): return refused.response
    case .success(let fields): form = fields
    }
    if let refusal = try refusal(sandbox.rules.take(to: nil, of: "vonage-verify", on: .check)) {
      return refusal
    }
    let id = form["request_id"] ?? ""
    switch sandbox.vonageVerify.check(id, form["code"] ?? "", at: sandbox.clock.now) {
    case .right:
      return try .json(
        Answer(
          status: "0", request_id: id, event_id: Hexadecimal.encode(Random.bytes(8)),
          price: "0.10000000", currency: "EUR"))
    case .wrong: return try said(16, "The code inserted does not match the expected value", id: id)
    case .worn: return try said(17, "The wrong code was provided too many times", id: id)
    case .unknown:
      return try said(6, "The Vonage platform was unable to process this message", id: id)
    }
  }

  /// POST /verify/control/json
  func control(_ request: Request) throws -> Response {
    let form: FormFields
    switch try enter(request, ["request_id", "cmd"]) {
    case .failure(let refused): return refused.response
    case .success(let fields): form = fields
    }
    let now = sandbox.clock.now
    guard let (number, live) = sandbox.vonageVerify.find(form["request_id"] ?? "", at: now) else {
      return try said(6, "The requestId does not exist or it is no longer active.")
    }
    guard form["cmd"] == "cancel", now >= live.startedAt + 30 else {
      return try said(19, "Verification request cannot be cancelled within the first 30 seconds.")
    }
    sandbox.vonageVerify.end(number)
    return try .json(Answer(status: "0", command: "cancel"))
  }

  /// POST /verify/search/json
  func search(_ request: Request) throws -> Response {
    if let refusal = try refusal(sandbox.rules.look(of: "vonage-verify")) { return refusal }
    switch try enter(request, ["request_id"]) {
    case .failure(let refused): return refused.response
    case .success(let form):
      let found = sandbox.vonageVerify.find(form["request_id"] ?? "", at: sandbox.clock.now)
      return try .json(
        Answer(
          status: found == nil ? "101" : "IN PROGRESS", request_id: form["request_id"],
          error_text: found == nil ? "No response found" : nil))
    }
  }

  // MARK: Version 2

  private struct Problem: Encodable {
    let type: String
    let title: String
    let detail: String
    let instance = Hexadecimal.encode(Random.bytes(16))
    var request_id: String?
    var invalid_parameters: [[String: String]]?
  }

  private func problem(_ status: Int, _ title: String, id: String? = nil, parameter: String? = nil)
    throws -> Response
  {
    try .json(
      Problem(
        type: "https://developer.vonage.com/api-errors#\(title.lowercased())", title: title,
        detail: title, request_id: id,
        invalid_parameters: parameter.map { [["name": $0, "reason": "invalid"]] }),
      Response.Status(code: status, phrase: "Error"))
  }

  private func isSignedIn(_ request: Request) -> Bool {
    guard let settings, let header = request.headers[.authorization], header.hasPrefix("Basic "),
      let decoded = Data(base64Encoded: String(header.dropFirst(6)))
    else { return false }
    return ConstantTime.equal(
      Array(decoded), Array("\(settings.apiKey):\(settings.apiSecret.reveal())".utf8))
  }

  private struct Start: Decodable {
    struct Step: Decodable {
      let channel: String
      let to: String
    }
    let brand: String
    let workflow: [Step]
    let channel_timeout: Int?
    let code_length: Int?
  }

  private func refusal2(_ rule: Rule?) throws -> Response? {
    switch rule?.action {
    case .fail: return try problem(rule?.status ?? 503, "Refused", parameter: "to")
    case .rateLimit: return try problem(429, "Throttled")
    case .timeout:
      try SpareWorkers.sleep(seconds: rule?.seconds ?? 30)
      return try problem(500, "Internal")
    case .slow: try SpareWorkers.sleep(seconds: rule?.seconds ?? 2)
    case .report, .silent, nil: break
    }
    return nil
  }

  /// POST /v2/verify
  func start2(_ request: Request) throws -> Response {
    guard isSignedIn(request) else { return try problem(401, "Unauthorized") }
    guard let start = try? JSONDecoder().decode(Start.self, from: Data(request.body)),
      let step = start.workflow.first, (1...16).contains(start.brand.utf8.count),
      ["sms", "voice"].contains(step.channel), (4...10).contains(start.code_length ?? 4),
      (15...900).contains(start.channel_timeout ?? 180)
    else { return try problem(422, "Invalid-params", parameter: "workflow") }
    guard isNumber(step.to) else { return try problem(422, "Invalid-params", parameter: "to") }
    let rule = sandbox.rules.take(to: "+\(step.to)", of: "vonage-verify")
    if let refusal = try refusal2(rule) { return refusal }
    let now = sandbox.clock.now
    let id = Hexadecimal.encode(Random.bytes(16))
    let dashed = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { range in
      String(decoding: Array(id.utf8)[range], as: UTF8.self)
    }.joined(separator: "-")
    let live = State.Live(
      id: dashed, code: Random.digits(start.code_length ?? 4), startedAt: now,
      endsAt: now + TimeInterval(start.channel_timeout ?? 180))
    if let known = sandbox.vonageVerify.begin(step.to, live, at: now) {
      return try problem(409, "Conflict", id: known.id)
    }
    deliver(live, step.to, step.channel == "voice" ? "call" : "sms", start.brand, request)
    struct Started: Encodable { let request_id: String }
    return try .json(Started(request_id: dashed), .accepted)
  }

  private struct Code: Decodable {
    let code: String
  }

  /// POST, DELETE, and GET /v2/verify/{id}
  func request2(_ request: Request) throws -> Response {
    guard isSignedIn(request) else { return try problem(401, "Unauthorized") }
    let id = request.parameters["id"] ?? ""
    let now = sandbox.clock.now
    switch request.method {
    case "POST":
      if let refusal = try refusal2(sandbox.rules.take(to: nil, of: "vonage-verify", on: .check)) {
        return refusal
      }
      guard let body = try? JSONDecoder().decode(Code.self, from: Data(request.body)) else {
        return try problem(422, "Invalid-params", parameter: "code")
      }
      switch sandbox.vonageVerify.check(id, body.code, at: now) {
      case .right:
        struct Done: Encodable {
          let request_id: String
          let status = "completed"
        }
        return try .json(Done(request_id: id))
      case .wrong: return try problem(400, "Invalid Code")
      case .worn: return try problem(410, "Gone")
      case .unknown: return try problem(404, "Not-found")
      }
    case "DELETE":
      guard let (number, _) = sandbox.vonageVerify.find(id, at: now) else {
        return try problem(404, "Not-found")
      }
      sandbox.vonageVerify.end(number)
      return .noContent
    default:
      if let refusal = try refusal2(sandbox.rules.look(of: "vonage-verify")) { return refusal }
      return try problem(404, "Not-found")
    }
  }
}
