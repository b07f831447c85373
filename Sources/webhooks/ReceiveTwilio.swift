import Countersign

/// The door of Twilio's callbacks: a form, signed by Twilio, of our account.
struct TwilioDoor {
  private let signature: TwilioSignature
  private let settings: TwilioSettings
  private let senders: [String]

  init(_ configuration: Configuration) {
    signature = TwilioSignature(configuration.twilio, configuration.publicBaseURL)
    settings = configuration.twilio
    senders = configuration.textSenders
  }

  /// Which of our senders a report is about: a route may have one of its own.
  func sender(_ form: FormFields) -> String {
    senders.first { $0 == form["MessagingServiceSid"] || $0 == form["From"] } ?? settings.senderName
  }

  /// More than Twilio ever sent; what is not signed must not cost the sorting of thousands.
  private static let maximumParameters = 64

  /// The form of a request.
  ///
  /// - Throws: `signature_invalid`; `malformed_body` for what is signed and of somebody else's account.
  func form(_ request: Request) throws(Rejection) -> FormFields {
    guard let signed = request.headers[.twilioSignature],
      let form = FormFields(parsing: request.body), form.pairs.count <= Self.maximumParameters,
      signature.isValid(signed, target: request.target, form: form)
    else { throw Rejection(.signatureInvalid) }
    // A signature covers the characters and not where one parameter ends and the next begins, so
    // what was signed may have been cut anew. Our URLs have no query; each parameter we use must be
    // there once, and look exactly as it should.
    guard request.query.isEmpty, form["AccountSid"] == settings.accountSID else {
      throw Rejection(.malformedBody)
    }
    return form
  }
}

/// POST /api/webhooks/twilio-status: how far a message has come.
struct ReceiveTwilioStatus {
  let delivery: Delivery
  let door: TwilioDoor

  func respond(to request: Request) throws -> Response {
    let form = try door.form(request)
    guard let callback = TwilioStatusCallback(form) else { throw Rejection(.malformedBody) }
    if var report = callback.report {
      report.sender = door.sender(form)
      try delivery.record(report, at: request.time)
    }
    return Received.answer
  }
}

/// POST /api/webhooks/twilio-inbound: what people answer. Twilio has sent its own reply already, and an
/// empty document adds none.
struct ReceiveTwilioInbound {
  let consent: Consent
  let door: TwilioDoor

  private static let answer = Response(
    .ok, contentType: "text/xml",
    body: Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response></Response>".utf8))

  func respond(to request: Request) throws -> Response {
    guard let message = TwilioInbound(try door.form(request)) else {
      throw Rejection(.malformedBody)
    }
    try consent.record(
      message.word, from: message.from, to: message.senders, sid: message.sid, at: request.time)
    return Self.answer
  }
}
