import Countersign
import Crypto
import FoundationEssentials

/// Twilio's callbacks, signed as Twilio signs them.
struct TwilioReports {
  private let settings: TwilioSettings
  private let inboundURL: String

  init(_ settings: TwilioSettings, _ origin: PublicBaseURL) {
    self.settings = settings
    inboundURL = "\(origin.origin)/api/webhooks/twilio-inbound"
  }

  func request(_ message: InboxMessage, _ status: String, token: String) -> TransferRequest? {
    // The fragment carries Twilio's retry settings and is no part of the URL that is called or
    // signed.
    guard let url = message.statusCallback?.split(separator: "#").first.map(String.init)
    else { return nil }
    let isCall = message.channel == "call"
    var fields: [(name: String, value: String)] = [
      ("AccountSid", settings.accountSID), ("ApiVersion", "2010-04-01"), ("From", message.from),
      ("To", message.to),
    ]
    if isCall {
      fields += [
        ("CallSid", message.id), ("CallStatus", status == "delivered" ? "completed" : status),
      ]
    } else {
      fields += [
        ("MessageSid", message.id), ("SmsSid", message.id), ("MessageStatus", status),
        ("SmsStatus", status),
      ]
    }
    if status == message.plan.finalStatus, let code = message.plan.errorCode {
      fields.append(("ErrorCode", String(code)))
    }
    return request(url, fields, token)
  }

  func inbound(from: String, to: String, _ body: String) -> TransferRequest {
    let sid = "SM\(Hexadecimal.encode(Random.bytes(16)))"
    return request(
      inboundURL,
      [
        ("AccountSid", settings.accountSID), ("ApiVersion", "2010-04-01"), ("Body", body),
        ("From", from), ("MessageSid", sid), ("NumMedia", "0"), ("NumSegments", "1"),
        ("SmsMessageSid", sid), ("SmsSid", sid), ("SmsStatus", "received"), ("To", to),
      ], Hexadecimal.encode(Random.bytes(16)))
  }

  private func request(
    _ url: String, _ fields: [(name: String, value: String)], _ token: String
  ) -> TransferRequest {
    var request = TransferRequest(method: .post, url: url)
    request.headers = [
      ("Content-Type", "application/x-www-form-urlencoded"),
      (
        "X-Twilio-Signature",
        TwilioSignature.sign(url: url, form: FormFields(fields), token: settings.authToken)
      ),
      ("I-Twilio-Idempotency-Token", token),
    ]
    request.body = Array(FormFields.encode(fields).utf8)
    return request
  }
}

/// Vonage's callbacks, signed by HMAC-SHA-256.
struct VonageReports {
  private let settings: VonageSettings
  private let inboundURL: String

  init(_ settings: VonageSettings, _ origin: PublicBaseURL) {
    self.settings = settings
    inboundURL = "\(origin.origin)/api/webhooks/vonage-inbound"
  }

  func request(_ message: InboxMessage, _ status: String) -> TransferRequest? {
    guard let url = message.statusCallback else { return nil }
    let isFinal = status == message.plan.finalStatus
    // A rule may speak Twilio's language.
    let word = ["undelivered": "failed", "canceled": "rejected"][status] ?? status
    return request(
      url,
      [
        ("msisdn", String(message.to.dropFirst())), ("to", message.from),
        ("network-code", "12345"), ("messageId", message.id), ("price", "0.00750000"),
        ("status", word), ("scts", "2611210900"),
        ("err-code", String(isFinal ? message.plan.errorCode ?? 0 : 0)),
      ])
  }

  func inbound(from: String, to: String, _ body: String) -> TransferRequest {
    request(
      inboundURL,
      [
        ("msisdn", String(from.drop { $0 == "+" })), ("to", to),
        ("messageId", Hexadecimal.encode(Random.bytes(8)).uppercased()), ("text", body),
        ("type", "text"), ("keyword", body.split(separator: " ").first?.uppercased() ?? ""),
      ])
  }

  private func request(
    _ url: String, _ fields: [(name: String, value: String)]
  ) -> TransferRequest {
    var fields = fields
    fields += [
      ("api-key", settings.apiKey),
      (
        "message-timestamp",
        "\(Date.now.rfc3339.prefix(10)) \(Date.now.rfc3339.dropFirst(11).prefix(8))"
      ),
      ("timestamp", String(Int(Date.now.timeIntervalSince1970))),
      ("nonce", Hexadecimal.encode(Random.bytes(16))),
    ]
    let signature = VonageSignature(secret: settings.signatureSecret)
    fields.append(
      ("sig", signature.sign(FormFields(fields), settings.signatureMethod ?? .sha256)))
    return TransferRequest(posting: fields, to: url)
  }
}

/// SendGrid's events, in batches, signed as SendGrid signs them.
struct SendGridReports {
  private let key: P256.Signing.PrivateKey
  private let url: String

  init(_ origin: PublicBaseURL) throws {
    key = try P256.Signing.PrivateKey(rawRepresentation: Self.scalar)
    url = "\(origin.origin)/api/webhooks/sendgrid-events"
  }

  /// For development, and known to everybody: the sandbox runs on this machine only, and a system that
  /// sends real mail believes the key that its operator got from SendGrid.
  private static let scalar: [UInt8] = [
    0xae, 0x5d, 0xbc, 0x98, 0x15, 0x78, 0x86, 0xf9, 0xe3, 0x0c, 0x1d, 0x74, 0x48, 0x34, 0xb7, 0xce,
    0xa6, 0xe8, 0x8a, 0x44, 0xd6, 0x5a, 0xf3, 0x58, 0x56, 0xec, 0x70, 0x11, 0x67, 0x9e, 0x7b, 0x79,
  ]

  private struct Event: Encodable {
    let email: String
    let timestamp: Int
    let event: String
    let sg_event_id: String
    let sg_message_id: String
    var type: String?
    var reason: String?
    var status: String?
    var response: String?
  }

  func request(_ events: [(message: InboxMessage, status: String, token: String)])
    -> TransferRequest?
  {
    let now = Int(Date.now.timeIntervalSince1970)
    let body = events.map { message, status, token in
      var event = Event(
        email: message.to, timestamp: now, event: status == "blocked" ? "bounce" : status,
        sg_event_id: token, sg_message_id: "\(message.id).recvd-5f54b5d587-abcde-1-0.0")
      switch status {
      case "delivered": event.response = "250 2.0.0 OK"
      case "bounce", "blocked":
        event.type = status == "bounce" ? "bounce" : "blocked"
        event.reason = "550 5.1.1 The email account does not exist"
        event.status = "5.1.1"
      case "dropped": event.reason = "Bounced Address"
      default: break
      }
      return event
    }
    guard let json = try? JSONEncoder().encode(body) else { return nil }
    // SendGrid ends its bodies so, and signs the line break too.
    let bytes = Array(json) + Array("\r\n".utf8)
    let timestamp = String(now)
    guard let signature = try? SendGridSignature.sign(bytes, timestamp: timestamp, key: key) else {
      return nil
    }
    var request = TransferRequest(method: .post, url: url)
    request.headers = [
      ("Content-Type", "application/json"),
      ("X-Twilio-Email-Event-Webhook-Signature", signature),
      ("X-Twilio-Email-Event-Webhook-Timestamp", timestamp),
    ]
    request.body = bytes
    return request
  }
}
