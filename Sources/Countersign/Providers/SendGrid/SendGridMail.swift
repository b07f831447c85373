import FoundationEssentials

/// SendGrid's Mail Send, version 3 (<https://www.twilio.com/docs/sendgrid/api-reference/mail-send>).
///
/// It knows no idempotency key, and cannot be asked what it took.
struct SendGridMail: Carrier {
  private let settings: SendGridSettings
  private let fromName: String
  private let product: String

  init(_ settings: SendGridSettings, productName: String) {
    self.settings = settings
    product = productName
    fromName = settings.fromName ?? productName
  }

  let name = "sendgrid"

  /// What the key may do, which any key may ask.
  func probe() -> TransferRequest? {
    var request = TransferRequest(method: .get, url: "\(settings.baseURL)/v3/scopes")
    request.headers = [("Authorization", "Bearer \(settings.apiKey.reveal())")]
    return request
  }

  /// SendGrid's name for a message, by which its events are matched.
  private static let messageID = "X-Message-Id"
  /// When requests are taken again after a 429, in seconds since 1970.
  private static let limitReset = "X-RateLimit-Reset"

  private struct Mail: Encodable {
    struct Address: Encodable {
      let email: String
      var name: String?
    }
    struct Personalization: Encodable {
      let to: [Address]
      /// Comes back with every event of the message.
      let custom_args: [String: String]
      var dynamic_template_data: [String: String]?
    }
    struct Content: Encodable {
      let type: String
      let value: String
    }
    /// A link that is rewritten to be counted leads somebody else than its reader knows, and a picture
    /// that reports its reader belongs in no security notice.
    struct Tracking: Encodable {
      struct Setting: Encodable { let enable = false }
      let click_tracking = Setting()
      let open_tracking = Setting()
      /// Mail that can be ended has a link of ours.
      let subscription_tracking = Setting()
    }
    /// What is told of security goes out whatever its reader thinks of other mail.
    struct Settings: Encodable {
      struct Setting: Encodable { let enable = true }
      let bypass_unsubscribe_management = Setting()
      let bypass_spam_management = Setting()
    }

    let personalizations: [Personalization]
    let from: Address
    /// Nil where a template has its own.
    var subject: String?
    var content: [Content]?
    var template_id: String?
    var headers: [String: String]?
    let tracking_settings = Tracking()
    var mail_settings: Settings?
  }

  func send(_ order: CarrierOrder) throws -> TransferRequest {
    var request = TransferRequest(method: .post, url: "\(settings.baseURL)/v3/mail/send")
    request.headers = [
      ("Authorization", "Bearer \(settings.apiKey.reveal())"), ("Content-Type", "application/json"),
    ]
    request.answerHeaders = [Self.messageID, Self.limitReset]
    let text = order.text
    var personalization = Mail.Personalization(
      to: [Mail.Address(email: order.to)],
      custom_args: ["message_id": order.message.description])
    let template = text.mail?.event.flatMap { settings.templates[$0] }
    if template != nil { personalization.dynamic_template_data = text.mail?.values }
    var mail = Mail(
      personalizations: [personalization],
      from: Mail.Address(email: settings.fromEmail, name: fromName))
    if let template {
      mail.template_id = template
    } else {
      mail.subject = text.subject ?? fromName
      // The plain words come first, for who reads no HTML.
      mail.content =
        [Mail.Content(type: "text/plain", value: text.body)]
        + (text.html(product: product).map { [Mail.Content(type: "text/html", value: $0)] } ?? [])
    }
    if text.mail?.unsubscribe == nil { mail.mail_settings = Mail.Settings() }
    let headers = text.unsubscribeHeaders
    if !headers.isEmpty { mail.headers = Dictionary(uniqueKeysWithValues: headers) }
    request.body = Array(try JSONEncoder().encode(mail))
    return request
  }

  func outcome(_ response: TransferResponse, of order: CarrierOrder) -> CarrierOutcome {
    switch response.status {
    case 200..<300:
      // Taken under no name: there is nothing more to learn of it, and it goes by ours.
      let sid = response.headers[Self.messageID].flatMap { sid in
        (1...64).contains(sid.utf8.count) && sid.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
          ? sid : nil
      }
      return .accepted(
        sid: sid ?? order.message.description, CarrierProgress(status: .sent, rank: 1))
    case 429:
      let reset = response.headers[Self.limitReset].flatMap { Int($0) }
      let now = Int(Date.now.timeIntervalSince1970)
      let wait = reset.flatMap { (now...(now + 86_400)).contains($0) ? max(1, $0 - now) : nil }
      return .notTaken(after: response.retryAfter ?? wait, .providerRateLimited)
    case 401, 403: return .refused(code: response.status, .providerAuthFailed)
    case let status: return response.trouble ?? .refused(code: status, .providerRequestRejected)
    }
  }
}
