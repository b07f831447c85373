import FoundationEssentials

/// Twilio's Programmable Messaging and Voice, as far as codes and notices need them
/// (<https://www.twilio.com/docs/messaging/api/message-resource>).
///
/// A message that may have been taken is looked for among those to the same number.
struct TwilioMessages: Carrier {
  private let settings: TwilioSettings
  private let callbackURL: String

  let name = "twilio"
  var sender: String? { settings.senderName }

  init(_ settings: TwilioSettings, _ publicURL: PublicBaseURL) {
    self.settings = settings
    // The fragment asks Twilio to repeat a callback that could not connect or was answered with
    // 5xx.
    callbackURL = "\(publicURL.origin)/api/webhooks/twilio-status#rc=3&rp=5xx,ct,rt"
  }

  private var account: String {
    "\(settings.apiBaseURL)/2010-04-01/Accounts/\(settings.accountSID)"
  }

  private func request(_ method: TransferRequest.Method, _ url: String) -> TransferRequest {
    signedIn(TransferRequest(method: method, url: url))
  }

  private func signedIn(_ request: TransferRequest) -> TransferRequest {
    var request = request
    request.login = settings.login
    return request
  }

  func send(_ order: CarrierOrder) -> TransferRequest {
    var fields: [(name: String, value: String)] = [("To", order.to)]
    switch order.channel {
    case .call:
      if let number = settings.phoneNumber { fields.append(("From", number)) }
      fields.append(
        (
          "Twiml",
          "<Response><Pause length=\"1\"/><Say language=\"\(Self.voice(order.text.language))\">\(Self.escaped(order.text.body))</Say></Response>"
        ))
    case .sms, .email:
      switch settings.sender {
      case .number(let number): fields.append(("From", number))
      case .messagingService(let sid): fields.append(("MessagingServiceSid", sid))
      }
      fields.append(("Body", order.text.body))
      // Twilio takes 1 to 36,000 seconds, and recommends more than 5.
      fields.append(("ValidityPeriod", String(min(36_000, max(6, order.lifetime)))))
    }
    fields.append(("StatusCallback", callbackURL))
    let kind = order.channel == .call ? "Calls" : "Messages"
    return signedIn(TransferRequest(posting: fields, to: "\(account)/\(kind).json"))
  }

  func probe() -> TransferRequest? { request(.get, "\(account).json") }

  /// A voice that there is for a language
  /// (<https://www.twilio.com/docs/voice/twiml/say#supported-languages>).
  private static func voice(_ language: String?) -> String {
    switch language {
    case "es": "es-ES"
    case "fr": "fr-FR"
    case "de": "de-DE"
    case "pt": "pt-BR"
    default: "en-US"
    }
  }

  private static func escaped(_ text: String) -> String {
    Mail.escaped(text)
  }

  /// The request that asks what Twilio knows of messages or calls to the same number, newest first.
  ///
  /// Without a filter by date: it would go by when a message was sent, and one that waits at Twilio
  /// has no such date yet.
  func lookUp(_ order: CarrierOrder) -> TransferRequest? {
    let query = FormFields.encode([("To", order.to), ("PageSize", "50")])
    let kind = order.channel == .call ? "Calls" : "Messages"
    return request(.get, "\(account)/\(kind).json?\(query)")
  }

  private struct Message: Decodable {
    let sid: String
    let status: String?
    let body: String?

    /// True when its sid is one: it is stored, and reports are matched by it.
    var isNamed: Bool { TwilioSettings.isSID(sid, "SM", "MM", "CA") }

    /// How far it has come; a word we do not know is as good as none.
    var progress: CarrierProgress {
      let known = status.flatMap(TwilioStatus.init) ?? .accepted
      return CarrierProgress(status: known.status, rank: known.rank)
    }
  }

  private struct Problem: Decodable {
    let code: Int?
  }

  func outcome(_ response: TransferResponse, of order: CarrierOrder) -> CarrierOutcome {
    if let trouble = response.trouble { return trouble }
    guard (200..<300).contains(response.status) else {
      let code = (try? JSONDecoder().decode(Problem.self, from: Data(response.body)))?.code
      return .refused(code: code, Failure(twilioCode: code))
    }
    // Taken, but by what name? The courier asks.
    guard let message = try? JSONDecoder().decode(Message.self, from: Data(response.body)),
      message.isNamed
    else { return .unknown }
    return .accepted(sid: message.sid, message.progress)
  }

  func askStatus(sid: String) -> TransferRequest? {
    guard TwilioSettings.isSID(sid, "SM", "MM", "CA") else { return nil }
    return request(.get, "\(account)/\(sid.hasPrefix("CA") ? "Calls" : "Messages")/\(sid).json")
  }

  private struct Polled: Decodable {
    let status: String
    let error_code: Int?
  }

  func status(_ result: Result<TransferResponse, TransferError>, sid: String) -> Delivery.Report? {
    guard case .success(let response) = result, response.status == 200,
      let polled = try? JSONDecoder().decode(Polled.self, from: Data(response.body)),
      let known = TwilioStatus(polled.status)
    else { return nil }
    let isFailure = known.status == .failed || known.status == .undelivered
    return Delivery.Report(
      sid: sid, status: known.status, rank: known.rank,
      errorCode: isFailure ? polled.error_code : nil,
      failure: isFailure ? Failure(twilioCode: polled.error_code) : nil)
  }

  func askPrice(sid: String, _ channel: OutgoingMessage.Channel) -> TransferRequest? {
    guard TwilioSettings.isSID(sid, "SM", "MM", "CA") else { return nil }
    return request(.get, "\(account)/\(channel == .call ? "Calls" : "Messages")/\(sid).json")
  }

  private struct Priced: Decodable {
    let price: String?
    let priceUnit: String?
    let segments: String?

    enum CodingKeys: String, CodingKey {
      case price
      case priceUnit = "price_unit"
      case segments = "num_segments"
    }
  }

  /// A price is negative where something was charged, and null for a while after the sending.
  func price(_ result: Result<TransferResponse, TransferError>) -> Int? {
    guard case .success(let response) = result, response.status == 200,
      let priced = try? JSONDecoder().decode(Priced.self, from: Data(response.body)),
      priced.priceUnit?.uppercased() == "USD", let price = priced.price, price.hasPrefix("-"),
      let amount = Self.millionths(price.dropFirst())
    else { return nil }
    return amount / max(1, priced.segments.flatMap { Int($0) } ?? 1)
  }

  /// Millionths of a decimal number such as `0.00750`; nil for anything else, and above a thousand.
  static func millionths(_ text: Substring) -> Int? {
    let parts = text.utf8.split(
      separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, (1...3).contains(parts[0].count), (1...12).contains(parts[1].count)
    else { return nil }
    var amount = 0
    for digit in Array(parts[0]) + Array((Array(parts[1]) + Array("00000".utf8)).prefix(6)) {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      amount = amount * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return amount
  }

  private struct Page: Decodable {
    let messages: [Message]?
    let calls: [Message]?
  }

  func finding(_ order: CarrierOrder, _ result: Result<TransferResponse, TransferError>)
    -> CarrierFinding
  {
    guard case .success(let response) = result, response.status == 200,
      let page = try? JSONDecoder().decode(Page.self, from: Data(response.body))
    else { return .noAnswer }
    // A text holds a code of its own, so equal texts are the same message; a trial account's begins
    // with a prefix. Of a call Twilio keeps no words: any to the number may be it.
    return .candidates(
      (page.messages ?? page.calls ?? [])
        .filter {
          $0.isNamed && (order.channel == .call || $0.body?.hasSuffix(order.text.body) == true)
        }
        .map { ($0.sid, $0.progress) })
  }
}
