import Countersign
import Logging

/// What this program answers; the acts are the files beside this one.
struct Routes {
  private let delivery: Delivery
  private let consent: Consent
  private let connection: Connection
  private let configuration: Configuration
  private let twilio: TwilioDoor
  private let forged: ForgedReports
  private let alerts: Alerts
  private let log: Logger

  init(_ connection: Connection, _ context: Server.Context, _ forged: ForgedReports) {
    self.forged = forged
    alerts = Alerts(connection, context.configuration)
    log = context.log
    self.connection = connection
    configuration = context.configuration
    delivery = Delivery(connection, configuration, context.log)
    consent = Consent(connection, configuration)
    twilio = TwilioDoor(configuration)
  }

  var table: [Route] {
    let vonage = VonageDoor(configuration)
    let receipt = ReceiveVonageReceipt(delivery: delivery, door: vonage)
    let status = ReceiveTwilioStatus(delivery: delivery, door: twilio)
    let answer = ReceiveTwilioInbound(consent: consent, door: twilio)
    let mail = ReceiveSendGridEvents(
      connection: connection, delivery: delivery, consent: consent,
      signature: configuration.sendGrid?.signature)
    let inbound = ReceiveVonageInbound(consent: consent, door: vonage)
    let verify = ReceiveVonageVerify(connection: connection, delivery: delivery, door: vonage)
    return [
      .post("/api/webhooks/twilio-status", watched("twilio", status.respond)),
      .post("/api/webhooks/twilio-inbound", watched("twilio", answer.respond)),
      .post("/api/webhooks/sendgrid-events", watched("sendgrid", mail.respond)),
      .post("/api/webhooks/vonage-dlr", watched("vonage", receipt.respond)),
      .get("/api/webhooks/vonage-dlr", watched("vonage", receipt.respond)),
      .post("/api/webhooks/vonage-inbound", watched("vonage", inbound.respond)),
      .post("/api/webhooks/vonage-verify", watched("vonage", verify.respond)),
    ]
  }

  private func watched(
    _ provider: String, _ act: @escaping (Request) throws -> Response
  ) -> (Request) throws -> Response { forged.watching(provider, alerts, log, act) }
}

/// What a provider is told when its callback was taken.
enum Received {
  private static let body = Array(#"{"received":true}"#.utf8)
  static let answer = Response(.ok, body: body)
}
