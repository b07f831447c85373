import Countersign
import FoundationEssentials

/// Twilio's Messages and Calls as they behave towards a client: sign-in, strict forms, its error
/// numbers, and the numbers that mean an error
/// (<https://www.twilio.com/docs/iam/test-credentials>).
struct TwilioAPI {
  private let sandbox: Sandbox
  private let settings: TwilioSettings
  private let account: TwilioAccount
  /// Whom messages may come from beside the account's own.
  private let senders: [String]

  init(_ sandbox: Sandbox, _ configuration: Configuration) {
    self.sandbox = sandbox
    settings = configuration.twilio
    account = TwilioAccount(configuration.twilio)
    senders = configuration.textSenders
  }

  // MARK: Answers

  private typealias Problem = TwilioAccount.Problem

  private struct Message: Encodable {
    let sid: String
    let account_sid: String
    let api_version = "2010-04-01"
    let status: String
    let to: String
    let from: String?
    let body: String
    let direction = "outbound-api"
    let num_segments: String
    let num_media = "0"
    let price: String?
    let price_unit = "USD"
    let error_code: Int? = nil
    let error_message: String? = nil
    let date_created: String
    let date_updated: String
    let uri: String

    init(_ message: InboxMessage, _ account: String) {
      sid = message.id
      account_sid = account
      status = message.status
      to = message.to
      from = message.from
      body = message.body
      let segments = message.channel == "call" ? 1 : ShortMessage.segments(message.body)
      num_segments = String(segments)
      // Charged once it is known where it went, 0.0075 a segment.
      let isCharged = message.status == "delivered" || message.status == "completed"
      price = isCharged ? "-0.\(String(100_000 + 750 * segments).dropFirst())" : nil
      date_created = message.at.rfc5322
      date_updated = date_created
      let kind = message.channel == "call" ? "Calls" : "Messages"
      uri = "/2010-04-01/Accounts/\(account)/\(kind)/\(message.id).json"
    }
  }

  // MARK: Routes

  func createMessage(_ request: Request) throws -> Response {
    try create(request, channel: "sms", sidPrefix: "SM")
  }

  func createCall(_ request: Request) throws -> Response {
    try create(request, channel: "call", sidPrefix: "CA")
  }

  func listMessages(_ request: Request) throws -> Response {
    try list(request, channel: "sms")
  }

  func listCalls(_ request: Request) throws -> Response {
    try list(request, channel: "call")
  }

  private struct MessagePage: Encodable {
    var messages: [Message]?
    var calls: [Message]?
    let page = 0
    let page_size: Int
    let next_page_uri: String? = nil
  }

  private func list(_ request: Request, channel: String) throws -> Response {
    try account.answer(request) {
      let sid = try authenticate(request)
      let size = try request.queryValue("PageSize").flatMap { Int($0) } ?? 50
      let found = sandbox.inbox.list(
        to: try request.queryValue("To"), channel: channel, limit: min(max(size, 1), 1_000))
      let messages = found.map { Message($0, sid) }
      return try .json(
        channel == "call"
          ? MessagePage(calls: messages, page_size: size)
          : MessagePage(messages: messages, page_size: size))
    }
  }

  /// One message or call, by the name `<sid>.json`.
  func fetch(_ request: Request) throws -> Response {
    try account.answer(request) {
      let sid = try authenticate(request)
      guard let name = request.parameters["name"], name.hasSuffix(".json"),
        let message = sandbox.inbox.find(String(name.dropLast(5)))
      else { throw Problem(20404, "The requested resource was not found", status: 404) }
      return try .json(Message(message, sid))
    }
  }

  private func create(_ request: Request, channel: String, sidPrefix: String) throws -> Response {
    try account.answer(request) {
      let sid = try authenticate(request)
      guard let form = TwilioAccount.form(request) else {
        throw Problem(21604, "A 'To' phone number is required.")
      }
      let order = try Order(form, channel, settings, senders)
      if order.channel == "sms", sandbox.inbox.hasStopped(order.to, order.from) {
        throw Problem(21610, "Attempt to send to unsubscribed recipient")
      }
      let rule = sandbox.rules.take(to: order.to, of: "twilio")
      try rule?.apply { _ = take(order, rule, sidPrefix, request) }
      return try .json(Message(take(order, rule, sidPrefix, request), sid), .created)
    }
  }

  private func take(
    _ order: Order, _ rule: Rule?, _ sidPrefix: String, _ request: Request
  ) -> InboxMessage {
    var plan = DeliveryPlan()
    if rule?.action == .report {
      plan.finalStatus = rule?.deliveryStatus ?? "undelivered"
      plan.errorCode = rule?.errorCode ?? (plan.finalStatus == "delivered" ? nil : 30003)
    }
    if rule?.action == .silent { plan.isReported = false }
    let message = InboxMessage(
      id: "\(sidPrefix)\(Hexadecimal.encode(Random.bytes(16)))", provider: "twilio",
      channel: order.channel,
      from: order.from, to: order.to, body: order.body,
      status: order.usesService ? "accepted" : "queued", at: .now,
      statusCallback: order.statusCallback, plan: plan)
    sandbox.take(message, from: request)
    sandbox.callbacks.schedule(message)
    return message
  }

  /// Signs in to the account of the path.
  private func authenticate(_ request: Request) throws -> String {
    try account.authenticate(request)
    guard request.parameters["account"] == settings.accountSID else {
      throw Problem(20404, "The requested resource was not found", status: 404)
    }
    return settings.accountSID
  }

  /// GET /2010-04-01/Accounts/{name}, the account itself by `<sid>.json`.
  func show(_ request: Request) throws -> Response {
    try account.answer(request) {
      try account.authenticate(request)
      guard request.parameters["name"] == "\(settings.accountSID).json" else {
        throw Problem(20404, "The requested resource was not found", status: 404)
      }
      // A provider that is down for messages is down for questions.
      try sandbox.rules.look(of: "twilio")?.apply()
      struct Account: Encodable {
        let sid: String
        let status = "active"
        let friendly_name = "Sandbox"
      }
      return try .json(Account(sid: settings.accountSID))
    }
  }

  /// A form that Twilio would take.
  private struct Order {
    let channel: String
    let to: String
    let from: String
    let body: String
    let statusCallback: String?
    let usesService: Bool

    init(
      _ form: FormFields, _ channel: String, _ settings: TwilioSettings, _ senders: [String]
    ) throws {
      self.channel = channel
      guard let to = form["To"], !to.isEmpty else {
        throw Problem(21604, "A 'To' phone number is required.")
      }
      usesService = form["MessagingServiceSid"] != nil
      guard let from = form["From"] ?? form["MessagingServiceSid"], !from.isEmpty else {
        throw Problem(21603, "A 'From' phone number is required.")
      }
      if !senders.contains(from), let problem = Self.problem(from: from, settings) { throw problem }
      if let problem = Self.problem(to: to) { throw problem }
      guard to != from else { throw Problem(21211, "'To' and 'From' cannot be the same.") }
      if channel == "call" {
        guard let twiml = form["Twiml"], !twiml.isEmpty else {
          throw Problem(21205, "Url or Twiml is required.")
        }
        body = twiml
      } else {
        guard let body = form["Body"], !body.isEmpty else {
          throw Problem(21602, "Message body is required.")
        }
        guard body.unicodeScalars.count <= 1_600 else {
          throw Problem(21617, "The message body exceeds 1600 characters.")
        }
        self.body = body
      }
      if let period = form["ValidityPeriod"] {
        guard let seconds = Int(period), (1...36_000).contains(seconds) else {
          throw Problem(21624, "The 'ValidityPeriod' is not valid.")
        }
      }
      if let callback = form["StatusCallback"] {
        guard callback.hasPrefix("http://") || callback.hasPrefix("https://"),
          callback.utf8.count <= 4_000
        else {
          throw Problem(21609, "The 'StatusCallback' URL is not a valid fully qualified URL.")
        }
      }
      self.to = to
      self.from = from
      statusCallback = form["StatusCallback"]
    }

    private static func problem(from: String, _ settings: TwilioSettings) -> Problem? {
      switch from {
      case "+15005550001": return Problem(21212, "The 'From' number is not a valid phone number.")
      case "+15005550008":
        return Problem(21611, "The queue of this 'From' number is full.", status: 429)
      case "+15005550006": return nil
      default:
        if from == settings.phoneNumber { return nil }
        switch settings.sender {
        case .number(let own) where own == from: return nil
        case .messagingService(let own) where own == from: return nil
        default:
          return Problem(
            21606, "The 'From' phone number is not a valid, SMS-capable number of your account.")
        }
      }
    }

    private static func problem(to: String) -> Problem? {
      switch to {
      case "+15005550001": return Problem(21211, "The 'To' number is not a valid phone number.")
      case "+15005550002":
        return Problem(21612, "The 'To' phone number is not reachable from this 'From' number.")
      case "+15005550003":
        return Problem(21408, "Permission to send to this region has not been enabled.")
      case "+15005550004": return Problem(21610, "Attempt to send to an unsubscribed recipient.")
      case "+15005550009": return Problem(21614, "The 'To' number is not a mobile number.")
      default:
        return TwilioAccount.isE164(to)
          ? nil : Problem(21211, "The 'To' number is not a valid phone number.")
      }
    }
  }
}
