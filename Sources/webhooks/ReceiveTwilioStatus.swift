import Countersign

/// POST /api/webhooks/twilio-status: how far a message has come, signed by Twilio.
struct ReceiveTwilioStatus {
  private let delivery: Delivery
  private let signature: TwilioSignature
  private let account: String

  init(_ delivery: Delivery, _ signature: TwilioSignature, _ settings: TwilioSettings) {
    self.delivery = delivery
    self.signature = signature
    account = settings.accountSID
  }

  /// More than Twilio ever sent; what is not signed must not cost the sorting of thousands.
  private static let maximumParameters = 64

  private static let answer = Array(#"{"received":true}"#.utf8)

  func respond(to request: Request) throws -> Response {
    guard let signed = request.headers[.twilioSignature],
      let form = FormFields(parsing: request.body), form.pairs.count <= Self.maximumParameters,
      signature.isValid(signed, target: request.target, form: form)
    else { throw Rejection(.signatureInvalid) }
    // A signature covers the characters and not where one parameter ends and the next begins, so
    // what was signed may have been cut anew. Our URL has no query; each parameter we use must be
    // there once, and look exactly as it should.
    guard request.query.isEmpty, form["AccountSid"] == account,
      let report = TwilioStatusCallback(form)
    else {
      throw Rejection(.malformedBody)
    }
    if let report = report.report { try delivery.record(report, at: request.time) }
    return Response(.ok, body: Self.answer)
  }
}
