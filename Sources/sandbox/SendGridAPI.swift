import Countersign
import FoundationEssentials

/// SendGrid's Mail Send as it behaves towards a client
/// (<https://www.twilio.com/docs/sendgrid/api-reference/mail-send>).
struct SendGridAPI {
  private let sandbox: Sandbox
  /// Nil where we are not set up for SendGrid: nobody's key is right then.
  private let settings: SendGridSettings?

  init(_ sandbox: Sandbox, _ settings: SendGridSettings?) {
    self.sandbox = sandbox
    self.settings = settings
  }

  private struct Mail: Decodable {
    struct Address: Decodable {
      let email: String
      let name: String?
    }
    struct Personalization: Decodable {
      let to: [Address]
      let subject: String?
      let custom_args: [String: String]?
      let dynamic_template_data: [String: String]?
    }
    struct Content: Decodable {
      let type: String
      let value: String
    }
    let personalizations: [Personalization]
    let from: Address
    let subject: String?
    let content: [Content]?
    let template_id: String?
    let headers: [String: String]?
  }

  /// What `report` can make of a mail.
  static let events = ["bounce", "blocked", "dropped", "spamreport", "unsubscribe"]

  private struct Problem: Error, Encodable {
    let errors: [Entry]
    let status: Int

    struct Entry: Encodable {
      let message: String
      let field: String?
    }

    init(_ status: Int, _ message: String, field: String? = nil) {
      self.status = status
      errors = [Entry(message: message, field: field)]
    }

    enum CodingKeys: String, CodingKey { case errors }
  }

  /// POST /v3/mail/send
  func send(_ request: Request) throws -> Response {
    try answer { try take(request, try authenticate(request)) }
  }

  private struct Scopes: Encodable {
    let scopes = ["mail.send"]
  }

  /// GET /v3/scopes
  func scopes(_ request: Request) throws -> Response {
    try answer {
      _ = try authenticate(request)
      return try .json(Scopes())
    }
  }

  private func answer(_ body: () throws -> Response) throws -> Response {
    do {
      return try body()
    } catch let problem as Problem {
      return try .json(problem, Response.Status(code: problem.status, phrase: "Error"))
    }
  }

  private func authenticate(_ request: Request) throws -> SendGridSettings {
    guard let settings,
      ConstantTime.equal(
        Array((request.headers[.authorization] ?? "").utf8),
        Array("Bearer \(settings.apiKey.reveal())".utf8))
    else {
      throw Problem(
        401, "The provided authorization grant is invalid, expired, or revoked")
    }
    return settings
  }

  private func take(_ request: Request, _ settings: SendGridSettings) throws -> Response {
    guard request.headers[.contentType]?.hasPrefix("application/json") == true else {
      throw Problem(415, "Content-Type should be application/json.")
    }
    guard let mail = try? JSONDecoder().decode(Mail.self, from: Data(request.body)) else {
      throw Problem(400, "Bad Request")
    }
    let (personalization, text) = try checked(mail, from: settings.fromEmail)
    let to = personalization.to[0].email
    let rule = sandbox.rules.take(to: to, of: "sendgrid")
    let message = message(mail, personalization, text, rule)
    switch rule?.action {
    case .fail:
      if rule?.accepted == true { sandbox.take(message, from: request) }
      throw Problem(rule?.status ?? 503, "service unavailable")
    case .rateLimit:
      let reset = Int(Date.now.timeIntervalSince1970) + (rule?.seconds ?? 1)
      return try Response.json(Problem(429, "too many requests"), .tooManyRequests)
        .adding("X-RateLimit-Remaining", "0").adding("X-RateLimit-Reset", String(reset))
    case .timeout:
      if rule?.accepted == true { sandbox.take(message, from: request) }
      try SpareWorkers.sleep(seconds: rule?.seconds ?? 30)
      throw Problem(500, "internal error")
    case .slow:
      try SpareWorkers.sleep(seconds: rule?.seconds ?? 2)
    case .report, .silent, nil:
      break
    }
    sandbox.take(message, from: request)
    sandbox.callbacks.schedule(message)
    return Response(.accepted).adding("X-Message-Id", message.id)
  }

  private func checked(_ mail: Mail, from sender: String) throws -> (Mail.Personalization, String) {
    guard let personalization = mail.personalizations.first else {
      throw Problem(
        400, "The personalizations field is required and must have at least one personalization.",
        field: "personalizations")
    }
    guard let to = personalization.to.first else {
      throw Problem(
        400, "The to array is required for all personalization objects.",
        field: "personalizations.0.to")
    }
    guard EmailAddress(to.email) != nil else {
      throw Problem(
        400, "Does not contain a valid address.", field: "personalizations.0.to.0.email")
    }
    guard mail.from.email == sender else {
      throw Problem(
        403, "The from address does not match a verified Sender Identity.", field: "from")
    }
    if let template = mail.template_id {
      guard template.hasPrefix("d-") else {
        throw Problem(400, "The template_id must be a valid GUID.", field: "template_id")
      }
      return (personalization, "")
    }
    guard let subject = personalization.subject ?? mail.subject, !subject.isEmpty else {
      throw Problem(400, "The subject is required.", field: "subject")
    }
    guard let content = mail.content, let first = content.first, first.type == "text/plain",
      content.allSatisfy({ !$0.value.isEmpty })
    else {
      throw Problem(400, "The content value must be a string at least one character in length.")
    }
    let reserved = ["to", "from", "subject", "reply-to", "cc", "bcc", "content-type"]
    guard !(mail.headers ?? [:]).keys.contains(where: { reserved.contains($0.lowercased()) }) else {
      throw Problem(400, "The headers field has a reserved header.", field: "headers")
    }
    return (personalization, first.value)
  }

  private func message(
    _ mail: Mail, _ personalization: Mail.Personalization, _ text: String, _ rule: Rule?
  ) -> InboxMessage {
    var plan = DeliveryPlan()
    if rule?.action == .report { plan.finalStatus = rule?.deliveryStatus ?? "bounce" }
    if rule?.action == .silent { plan.isReported = false }
    return InboxMessage(
      id: Base64URL.encode(Random.bytes(16)), provider: "sendgrid", channel: "email",
      from: mail.from.email, to: personalization.to[0].email,
      subject: personalization.subject ?? mail.subject, body: text,
      html: mail.content?.first { $0.type == "text/html" }?.value, template: mail.template_id,
      templateData: personalization.dynamic_template_data, headers: mail.headers,
      status: "processed", at: .now,
      statusCallback: nil, plan: plan)
  }
}
