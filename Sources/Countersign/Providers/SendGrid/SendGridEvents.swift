package import Crypto
import FoundationEssentials

/// `X-Twilio-Email-Event-Webhook-Signature`: how SendGrid proves that events are its own
/// (<https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features>).
///
/// ECDSA on P-256 over the SHA-256 of the timestamp's text and the body's raw bytes, with the line break
/// that the body ends with. A retry comes up to a day later under its first timestamp, so age refuses
/// nothing; that an event counts once is what makes a repetition harmless.
package struct SendGridSignature: Sendable {
  private let key: P256.Signing.PublicKey

  /// - Parameter key: Base64 of a DER SubjectPublicKeyInfo, as SendGrid shows it; nil for anything else.
  package init?(publicKey key: String) {
    guard let der = Data(base64Encoded: key),
      let key = try? P256.Signing.PublicKey(derRepresentation: der)
    else { return nil }
    self.key = key
  }

  /// True when SendGrid signed this body at this time.
  ///
  /// - Parameter signature: Base64 of an ASN.1 DER signature; one whose numbers are nought or out of
  ///   range is no signature (CVE-2021-43572).
  package func isValid(_ signature: String, timestamp: String, body: [UInt8]) -> Bool {
    guard (1...20).contains(timestamp.utf8.count),
      timestamp.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let der = Data(base64Encoded: signature),
      let signature = try? P256.Signing.ECDSASignature(derRepresentation: der)
    else { return false }
    var hash = SHA256()
    hash.update(data: Array(timestamp.utf8))
    hash.update(data: body)
    return key.isValidSignature(signature, for: hash.finalize())
  }

  /// What a sender of events signs with; for the sandbox.
  package static func sign(
    _ body: [UInt8], timestamp: String, key: P256.Signing.PrivateKey
  ) throws -> String {
    var hash = SHA256()
    hash.update(data: Array(timestamp.utf8))
    hash.update(data: body)
    return try key.signature(for: hash.finalize()).derRepresentation.base64EncodedString()
  }
}

/// An event of SendGrid's Event Webhook
/// (<https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event>).
package struct SendGridEvent: Sendable, Decodable {
  /// Names the event over all its repetitions.
  package let id: String
  /// How far a message has come; nil for what says nothing of that.
  package let report: Delivery.Report?
  /// An address that takes no more mail, and why.
  package let suppression: (email: String, reason: Consent.Reason)?

  private enum CodingKeys: String, CodingKey {
    case event, email, type, reason, status
    case id = "sg_event_id"
    case message = "sg_message_id"
  }

  /// - Throws: when it has no name, or a name that SendGrid gives none.
  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    id = try fields.decode(String.self, forKey: .id)
    guard (1...100).contains(id.utf8.count) else {
      throw DecodingError.dataCorruptedError(
        forKey: .id, in: fields, debugDescription: "no event id")
    }
    // Numbers come as text and text as numbers; what is of another type than we read says nothing.
    func text(_ key: CodingKeys) -> String? { try? fields.decode(String.self, forKey: key) }
    let name = text(.event) ?? ""
    let reason = text(.reason) ?? ""
    let email = text(.email)
    // The id that the message was taken under comes first, SendGrid's own route through it after a dot.
    let sid = text(.message)?.split(separator: ".").first.map(String.init)
    func report(_ status: MessageStatus, _ rank: Int, _ failure: Failure? = nil)
      -> Delivery.Report?
    {
      guard let sid, (1...64).contains(sid.utf8.count), sid.utf8.allSatisfy({ $0 < 0x80 }) else {
        return nil
      }
      let code = text(.status).flatMap { Self.number($0) }
      return Delivery.Report(
        sid: sid, status: status, rank: rank, errorCode: failure == nil ? nil : code,
        failure: failure)
    }
    var suppression: Consent.Reason?
    switch name {
    case "processed": self.report = report(.sent, 2)
    case "delivered": self.report = report(.delivered, 4)
    case "bounce":
      // A block is the receiver's mood of the day; a bounce is for good.
      let isHard = text(.type) != "blocked"
      self.report = report(
        .undelivered, 4, isHard ? .destinationBounced : .destinationUnreachable)
      suppression = isHard ? .bounced : nil
    case "dropped":
      switch reason {
      case "Bounced Address":
        self.report = report(.undelivered, 4, .destinationBounced)
        suppression = .bounced
      case "Invalid":
        self.report = report(.undelivered, 4, .destinationInvalid)
        suppression = .bounced
      case "Unsubscribed Address":
        self.report = report(.undelivered, 4, .destinationOptedOut)
        suppression = .unsubscribed
      case "Spam Reporting Address":
        self.report = report(.undelivered, 4, .destinationOptedOut)
        suppression = .reportedSpam
      default: self.report = report(.undelivered, 4, .providerRequestRejected)
      }
    case "spamreport":
      self.report = nil
      suppression = .reportedSpam
    case "unsubscribe":
      self.report = nil
      suppression = .unsubscribed
    default: self.report = nil
    }
    self.suppression = email.flatMap { email in
      suppression.flatMap { reason in
        EmailAddress(email) == nil ? nil : (email: email, reason: reason)
      }
    }
  }

  /// The digits of a status such as `5.1.1`, as one number: 511.
  private static func number(_ status: String) -> Int? {
    let parts = status.split(separator: ".")
    guard parts.count == 3, parts.allSatisfy({ $0.utf8.count <= 2 }) else { return nil }
    return Int(parts.joined())
  }

  /// By which events are put in one order: the message they are about.
  package var order: String { "\(report?.sid ?? "") \(id)" }

  /// The events of a request's body.
  ///
  /// - Returns: nil when it is no array. What in it is no event of ours is left out: a bad one must not
  ///   hold up thousands of others, which would all be sent again for a day.
  package static func read(_ body: [UInt8]) -> [SendGridEvent]? {
    struct Lenient: Decodable {
      let event: SendGridEvent?
      init(from decoder: any Decoder) throws { event = try? SendGridEvent(from: decoder) }
    }
    guard let events = try? JSONDecoder().decode([Lenient].self, from: Data(body)) else {
      return nil
    }
    return events.compactMap(\.event)
  }
}
