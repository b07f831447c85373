import Countersign
import FoundationEssentials

/// Vonage's SMS API as it behaves towards a client (<https://developer.vonage.com/en/api/sms>): 200 whatever
/// happens, and what happened in each part.
struct VonageAPI {
  private let sandbox: Sandbox
  /// Nil where we are not set up for Vonage: nobody's key is right then.
  private let settings: VonageSettings?

  init(_ sandbox: Sandbox, _ settings: VonageSettings?) {
    self.sandbox = sandbox
    self.settings = settings
  }

  private struct Answer: Encodable {
    struct Part: Encodable {
      var to: String?
      var id: String?
      let status: String
      var error: String?
      var price: String?
      var network: String?

      enum CodingKeys: String, CodingKey {
        case to, status, network
        case id = "message-id"
        case error = "error-text"
        case price = "message-price"
      }
    }
    let messages: [Part]

    enum CodingKeys: String, CodingKey {
      case messages
      case count = "message-count"
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(String(messages.count), forKey: .count)
      try container.encode(messages, forKey: .messages)
    }
  }

  private func refused(_ status: Int, _ text: String) throws -> Response {
    try .json(Answer(messages: [Answer.Part(status: String(status), error: text)]))
  }

  /// GET /account/get-balance, which nobody here signs in for.
  func balance(_ request: Request) throws -> Response {
    switch sandbox.rules.look(of: "vonage") {
    case nil: return try .json(["error-code": "401"], .unauthorized)
    case let rule?:
      if [.slow, .timeout].contains(rule.action) {
        try SpareWorkers.sleep(seconds: rule.seconds ?? (rule.action == .slow ? 2 : 30))
      }
      let status = rule.action == .rateLimit ? 429 : rule.status ?? 503
      return Response(Response.Status(code: rule.action == .slow ? 401 : status, phrase: "Error"))
    }
  }

  /// POST /sms/json
  func send(_ request: Request) throws -> Response {
    guard let form = FormFields(parsing: request.body) else {
      return try refused(2, "Missing api_key")
    }
    for name in ["api_key", "from", "to", "text"] where form[name]?.isEmpty != false {
      return try refused(2, "Missing \(name)")
    }
    guard let settings, form["api_key"] == settings.apiKey,
      ConstantTime.equal(
        Array((form["api_secret"] ?? "").utf8), Array(settings.apiSecret.reveal().utf8))
    else { return try refused(4, "Bad Credentials") }
    guard let to = form["to"], (7...15).contains(to.utf8.count), to.allSatisfy(\.isASCII),
      Int(to) != nil, let text = form["text"], let from = form["from"]
    else { return try refused(3, "Invalid to") }
    guard ShortMessage.segments(text) <= 9 else { return try refused(12, "Message too long") }
    let number = "+\(to)"
    if sandbox.inbox.hasStopped(number, from) { return try refused(7, "Number barred") }
    let rule = sandbox.rules.take(to: number, of: "vonage")
    var plan = DeliveryPlan()
    switch rule?.action {
    case .fail:
      guard let code = rule?.code else {
        return Response(Response.Status(code: rule?.status ?? 503, phrase: "Error"))
      }
      return try refused(code, "Refused")
    case .rateLimit: return try refused(1, "Throttled")
    case .timeout where rule?.accepted != true:
      try SpareWorkers.sleep(seconds: rule?.seconds ?? 30)
      return try refused(5, "Internal Error")
    case .timeout: try SpareWorkers.sleep(seconds: rule?.seconds ?? 30)
    case .slow: try SpareWorkers.sleep(seconds: rule?.seconds ?? 2)
    case .report:
      plan.finalStatus = rule?.deliveryStatus ?? "failed"
      plan.errorCode = rule?.errorCode ?? 1
    case .silent: plan.isReported = false
    case nil: break
    }
    let message = InboxMessage(
      id: Hexadecimal.encode(Random.bytes(8)).uppercased(), provider: "vonage", channel: "sms",
      from: from, to: number, body: text, status: "accepted", at: .now,
      statusCallback: form["callback"], plan: plan)
    sandbox.take(message, from: request)
    sandbox.callbacks.schedule(message)
    return try .json(
      Answer(
        messages: (0..<ShortMessage.segments(text)).map { _ in
          Answer.Part(
            to: to, id: message.id, status: "0", price: "0.00750000", network: "12345")
        }))
  }
}
