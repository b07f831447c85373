import Countersign

/// What this program answers; the acts are the files beside this one.
struct Routes {
  private let delivery: Delivery
  private let twilio: TwilioSettings
  private let signature: TwilioSignature

  init(_ connection: Connection, _ context: Server.Context) {
    delivery = Delivery(connection)
    twilio = context.configuration.twilio
    signature = TwilioSignature(context.configuration.twilio, context.configuration.publicBaseURL)
  }

  var table: [Route] {
    [
      .post("/api/webhooks/twilio-status", ReceiveTwilioStatus(delivery, signature, twilio).respond)
    ]
  }
}
