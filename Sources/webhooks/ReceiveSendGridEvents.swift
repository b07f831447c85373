import Countersign

/// POST /api/webhooks/sendgrid-events: what became of mail, signed by SendGrid, thousands at a time.
struct ReceiveSendGridEvents {
  let connection: Connection
  let delivery: Delivery
  let consent: Consent
  /// Nil where no key is configured: nothing is believed.
  let signature: SendGridSignature?

  /// The longest batch, in bytes: SendGrid sends 768 KiB at most.
  static let maximumBody = 1024 * 1024

  /// Events that are recorded at once: a lock is held for that long.
  private static let portion = 200

  func respond(to request: Request) throws -> Response {
    guard let signature, let signed = request.headers[.sendGridSignature],
      let timestamp = request.headers[.sendGridTimestamp],
      signature.isValid(signed, timestamp: timestamp, body: request.body)
    else { throw Rejection(.signatureInvalid) }
    guard var events = SendGridEvent.read(request.body) else { throw Rejection(.malformedBody) }
    // In one order everywhere, or two batches with the same events could wait for each other.
    events.sort { $0.order.utf8.lexicographicallyPrecedes($1.order.utf8) }
    var start = 0
    while start < events.count {
      let portion = events[start..<min(start + Self.portion, events.count)]
      try connection.transaction {
        for event in portion {
          // Once each, with what it does, or not at all.
          guard try delivery.isNewInTransaction(event.id, of: "sendgrid", at: request.time) else {
            continue
          }
          if let report = event.report {
            try delivery.recordInTransaction([report], at: request.time)
          }
          if let (email, reason) = event.suppression {
            try consent.suppressInTransaction(email: email, reason, at: request.time)
          }
        }
      }
      start += Self.portion
    }
    delivery.wakeCourier()
    return Received.answer
  }
}
