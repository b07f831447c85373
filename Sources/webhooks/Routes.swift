import Countersign

/// What this program answers; the acts are the files beside this one.
struct Routes {
  private let delivery: Delivery
  private let consent: Consent
  private let connection: Connection
  private let configuration: Configuration
  private let twilio: TwilioDoor

  init(_ connection: Connection, _ context: Server.Context) {
    self.connection = connection
    configuration = context.configuration
    delivery = Delivery(connection, configuration, context.log)
    consent = Consent(connection, configuration)
    twilio = TwilioDoor(configuration)
  }

  var table: [Route] {
    let vonage = VonageDoor(configuration)
    let receipt = ReceiveVonageReceipt(delivery: delivery, door: vonage)
    return [
      .post(
        "/api/webhooks/twilio-status",
        ReceiveTwilioStatus(delivery: delivery, door: twilio).respond),
      .post(
        "/api/webhooks/twilio-inbound",
        ReceiveTwilioInbound(consent: consent, door: twilio).respond),
      .post(
        "/api/webhooks/sendgrid-events",
        ReceiveSendGridEvents(
          connection: connection, delivery: delivery, consent: consent,
          signature: configuration.sendGrid?.signature
        ).respond),
      .post("/api/webhooks/vonage-dlr", receipt.respond),
      .get("/api/webhooks/vonage-dlr", receipt.respond),
      .post(
        "/api/webhooks/vonage-inbound",
        ReceiveVonageInbound(consent: consent, door: vonage).respond),
      .post(
        "/api/webhooks/vonage-verify",
        ReceiveVonageVerify(connection: connection, delivery: delivery, door: vonage).respond),
    ]
  }
}

/// What a provider is told when its callback was taken.
enum Received {
  private static let body = Array(#"{"received":true}"#.utf8)
  static let answer = Response(.ok, body: body)
}
