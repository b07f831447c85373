import Countersign

/// What this program answers; the acts are the files beside this one.
struct Routes {
  private let notifications: Notifications
  private let gate: SessionGate
  private let host: HostGate

  init(_ connection: Connection, _ context: Server.Context) {
    let configuration = context.configuration
    notifications = Notifications(connection, configuration)
    gate = SessionGate(Sessions(connection, configuration), configuration)
    host = HostGate(
      keys: ServiceKeys(connection), answers: IdempotentAnswers(connection, configuration.keys),
      accounts: AccountDirectory(connection, configuration))
  }

  var table: [Route] {
    [
      .post(
        "/api/notifications/payment-sent",
        NotifyPaymentSent(notifications: notifications, host: host).respond),
      .post(
        "/api/notifications/payment-received",
        NotifyPaymentReceived(notifications: notifications, host: host).respond),
      .post(
        "/api/notifications/low-balance",
        NotifyLowBalance(notifications: notifications, host: host).respond),
      .get(
        "/api/notifications", ListNotifications(notifications: notifications, gate: gate).respond),
      .get(
        "/api/notifications/preferences",
        ShowPreferences(notifications: notifications, gate: gate).respond),
      .put(
        "/api/notifications/preferences",
        SetPreferences(notifications: notifications, gate: gate).respond),
      .get(
        "/api/notifications/{id}",
        ShowNotification(notifications: notifications, gate: gate, host: host).respond),
    ]
  }
}
