import Countersign

/// What this program answers; the acts are the files beside this one.
struct Routes {
  private let notifications: Notifications
  private let texts: HostTexts
  private let destinations: Destinations
  private let defaultRegion: String
  private let gate: SessionGate
  private let host: HostGate
  private let sending: EventSending

  init(_ connection: Connection, _ context: Server.Context) {
    let configuration = context.configuration
    notifications = Notifications(connection, configuration)
    texts = HostTexts(connection, configuration)
    destinations = Destinations(connection, configuration)
    defaultRegion = configuration.defaultRegion
    gate = SessionGate(Sessions(connection, configuration), configuration)
    host = HostGate(
      keys: ServiceKeys(connection), answers: IdempotentAnswers(connection, configuration.keys))
    sending = EventSending(
      notifications: notifications, accounts: AccountDirectory(connection, configuration))
  }

  var table: [Route] {
    let unsubscribe = Unsubscribe(notifications: notifications)
    return [
      .post("/api/notifications/payment-sent", transaction(.paymentSent)),
      .post("/api/notifications/payment-received", transaction(.paymentReceived)),
      .post("/api/notifications/low-balance", transaction(.lowBalance)),
      .post(
        "/api/notifications/events", NotifyEvent(host: host, sending: sending).respond),
      .post(
        "/api/notifications/batch", NotifyBatch(host: host, sending: sending).respond),
      .post(
        "/api/sms/send",
        SendText(
          texts: texts, destinations: destinations, defaultRegion: defaultRegion, host: host
        ).respond),
      .get(
        "/api/notifications", ListNotifications(notifications: notifications, gate: gate).respond),
      .get(
        "/api/notifications/preferences",
        ShowPreferences(notifications: notifications, gate: gate).respond),
      .put(
        "/api/notifications/preferences",
        SetPreferences(notifications: notifications, gate: gate).respond),
      .get("/api/notifications/unsubscribe/{token}", unsubscribe.ask),
      .post("/api/notifications/unsubscribe/{token}", unsubscribe.respond),
      .get(
        "/api/notifications/{id}",
        ShowNotification(notifications: notifications, gate: gate, host: host).respond),
    ]
  }

  private func transaction(_ kind: AccountEvent.Kind) -> (Request) throws -> Response {
    NotifyTransaction(kind: kind, host: host, sending: sending).respond
  }
}
