import Countersign
import FoundationEssentials

/// The door of Vonage's callbacks.
///
/// SMS callbacks are signed by a parameter, and JSON ones by a token; each may come as a query, a form, or
/// JSON, as the account is set up.
struct VonageDoor {
  private let settings: VonageSettings?
  private let signature: VonageSignature?

  private let senders: [String]

  init(_ configuration: Configuration) {
    settings = configuration.vonage
    senders = configuration.textSenders
    signature = settings.map {
      VonageSignature(secret: $0.signatureSecret, method: $0.signatureMethod)
    }
  }

  private static let maximumParameters = 64

  /// Which of our senders a callback is about: a route may have one of its own.
  func sender(_ form: FormFields) -> String? {
    senders.first { $0 == "vonage:\(form["to"] ?? "")" } ?? settings?.sender
  }

  /// The parameters of an SMS callback.
  ///
  /// - Throws: `signature_invalid`; `malformed_body`.
  func form(_ request: Request) throws(Rejection) -> FormFields {
    let isJSON = request.headers[.contentType]?.lowercased().hasPrefix("application/json") == true
    let form =
      if request.method == "GET" {
        FormFields(parsing: Array(request.query.utf8))
      } else if isJSON {
        FormFields(json: request.body)
      } else {
        FormFields(parsing: request.body)
      }
    guard let form, form.pairs.count <= Self.maximumParameters, let settings, let signature else {
      throw Rejection(.signatureInvalid)
    }
    if request.method == "POST", request.headers[.authorization] != nil {
      _ = try token(request)
    } else {
      guard signature.isValid(form, at: request.time) else { throw Rejection(.signatureInvalid) }
    }
    guard form["api-key"] == settings.apiKey else { throw Rejection(.malformedBody) }
    return form
  }

  /// The token of a JSON callback, which vouches for its body.
  ///
  /// - Throws: `signature_invalid` for a wrong one; `unavailable` without any: Vonage says that a fault of
  ///   its own may leave one unsigned, and sends it again when it is answered so.
  func token(_ request: Request) throws(Rejection) -> VonageToken {
    guard let authorization = request.headers[.authorization] else {
      throw Rejection(settings == nil ? .signatureInvalid : .unavailable)
    }
    guard let settings,
      let token = VonageToken(
        authorization, body: request.body, (settings.apiKey, settings.signatureSecret),
        at: request.time)
    else { throw Rejection(.signatureInvalid) }
    return token
  }
}

/// POST and GET /api/webhooks/vonage-dlr: how far a message has come.
struct ReceiveVonageReceipt {
  let delivery: Delivery
  let door: VonageDoor

  func respond(to request: Request) throws -> Response {
    let form = try door.form(request)
    guard let receipt = VonageReceipt(form) else { throw Rejection(.malformedBody) }
    if var report = receipt.report {
      report.sender = door.sender(form)
      try delivery.record(report, at: request.time)
    }
    return Received.answer
  }
}

/// POST /api/webhooks/vonage-inbound: what people answer.
struct ReceiveVonageInbound {
  let consent: Consent
  let door: VonageDoor

  func respond(to request: Request) throws -> Response {
    let form = try door.form(request)
    guard let message = VonageInbound(form), let sender = door.sender(form) else {
      throw Rejection(.malformedBody)
    }
    try consent.record(
      message.word, from: message.from, to: [sender], sid: message.sid, at: request.time)
    return Received.answer
  }
}

/// POST /api/webhooks/vonage-verify: how a verification that Vonage runs stands. It never verifies anything
/// here: only the code that somebody enters does.
struct ReceiveVonageVerify {
  let connection: Connection
  let delivery: Delivery
  let door: VonageDoor

  func respond(to request: Request) throws -> Response {
    let token = try door.token(request)
    guard let event = VonageVerifyEvent(request.body) else { throw Rejection(.malformedBody) }
    try connection.transaction {
      guard try delivery.isNewInTransaction(token.id, of: "vonage", at: request.time) else {
        return
      }
      if let report = event.report {
        try delivery.recordInTransaction([report], at: request.time)
      }
    }
    delivery.wakeCourier()
    return Received.answer
  }
}
