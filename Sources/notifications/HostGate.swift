import Countersign

/// The door of routes by which the host tells of something: a key with the scope `notifications`, a user,
/// and an `Idempotency-Key`.
struct HostGate {
  let keys: ServiceKeys
  let answers: IdempotentAnswers
  let accounts: AccountDirectory

  func require(_ request: Request) throws {
    _ = try keys.required(request, .notifications)
  }

  /// Sends an event to a user, once for each `Idempotency-Key`.
  ///
  /// - Parameter event: makes the event of the request, for the user's account.
  func send(
    _ request: Request, _ notifications: Notifications,
    _ event: () throws -> (user: String, make: (Account) throws -> TransactionEvent)
  ) throws -> Response {
    let key = try keys.required(request, .notifications)
    let response = try answers.onceInTransaction(request, key) {
      let (user, make) = try event()
      guard let id = Account.ID(user) else { throw Rejection(.invalidField, field: "userId") }
      guard let account = try accounts.find(id) else { return .failure(Rejection(.userUnknown)) }
      let sent = try notifications.sendInTransaction(
        try make(account), to: account, at: request.time)
      return .success(try .json(NotifiedAnswer(sent), .accepted))
    }
    notifications.wakeCourier()
    return response
  }
}

/// What became of an event at once.
private struct NotifiedAnswer: Encodable {
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

extension Account {
  /// The currency that a request names, else the account's.
  ///
  /// - Throws: `invalid_field` for a code that is no currency.
  func currency(_ code: String?) throws(Rejection) -> Currency {
    guard let currency = Currency(code ?? self.currency) else {
      throw Rejection(.invalidField, field: "currency")
    }
    return currency
  }
}
