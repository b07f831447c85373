import Countersign

/// The door of routes by which the host tells of something: a key with the scope of the act, and an
/// `Idempotency-Key`, under which it is done once.
struct HostGate {
  let keys: ServiceKeys
  let answers: IdempotentAnswers

  func require(_ request: Request) throws {
    _ = try keys.required(request, .notifications)
  }

  /// Does an act in a transaction, and wakes the courier after it.
  func once(
    _ request: Request, _ notifications: Notifications,
    _ act: () throws -> Result<Response, Rejection>
  ) throws -> Response {
    let key = try keys.required(request, .notifications)
    let response = try answers.onceInTransaction(request, key, act)
    notifications.wakeCourier()
    return response
  }
}

/// Telling an account's owner of one event.
struct EventSending {
  let notifications: Notifications
  let accounts: AccountDirectory

  /// Queues an event; called inside a transaction.
  ///
  /// - Throws: `invalid_field`, `user_unknown`.
  func send(
    _ kind: AccountEvent.Kind, to user: String, _ fields: EventFields, isUrgent: Bool?,
    _ request: Request
  ) throws -> NotifiedAnswer {
    guard let id = Account.ID(user) else { throw Rejection(.invalidField, field: "userId") }
    guard let account = try accounts.find(id) else { throw Rejection(.userUnknown) }
    return NotifiedAnswer(
      try notifications.sendInTransaction(
        try fields.event(kind, account), to: account, isUrgent: isUrgent ?? false,
        at: request.time))
  }
}

/// What became of an event at once.
struct NotifiedAnswer: Encodable {
  let success = true
  let notificationId: Notification.ID
  let messages: [Message]
  let skipped: [Notification.Skip]

  struct Message: Encodable {
    let id: OutgoingMessage.ID
    let channel: OutgoingMessage.Channel
    let status = MessageStatus.queued
  }

  init(_ sent: Notification.Sent) {
    notificationId = sent.id
    messages = sent.messages.map { Message(id: $0.id, channel: $0.channel) }
    skipped = sent.skipped
  }
}
