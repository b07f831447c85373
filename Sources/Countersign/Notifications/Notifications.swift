package import FoundationEssentials

/// Telling account holders what happened, as the host asks and they want.
package struct Notifications {
  private let store: NotificationStore
  private let outbox: Outbox
  private let consent: Consent
  private let wording: Wording
  private let links: UnsubscribeLinks
  private let keys: KeyRing

  /// A receipt is worth its while for two days.
  private static let lifetime: TimeInterval = 48 * 3_600

  package init(_ connection: Connection, _ configuration: Configuration) {
    store = NotificationStore(connection: connection)
    outbox = Outbox(connection, configuration)
    consent = Consent(connection, configuration)
    wording = Wording(configuration)
    links = UnsubscribeLinks(configuration)
    keys = configuration.keys
  }

  static func context(row id: [UInt8]) -> [UInt8] { Array("notification|data|".utf8) + id }

  /// Queues a message on each channel that the event has and the owner wants; called inside a
  /// transaction.
  ///
  /// - Parameter isUrgent: true for what is worth waking somebody.
  package func sendInTransaction(
    _ event: AccountEvent, to account: Account, isUrgent: Bool, at now: Date
  ) throws -> Notification.Sent {
    let id = Notification.ID(at: now)
    let preferences = try store.preferences(of: account.id)
    let event = preferences.withThreshold(event)
    let phone = account.isPhoneVerified ? account.phone : nil
    var suppressed = try consent.reasons(phone, account.email)
    // Somebody is always told of their account's security: where no text can be sent, mail is tried all the same.
    if event.kind.isSecurity, phone == nil || suppressed[.sms] != nil { suppressed[.email] = nil }
    var messages: [OutgoingMessage] = []
    var skipped: [Notification.Skip] = []
    for channel in event.kind.channels {
      if let reason = preferences.objection(to: event, on: channel, isUrgent: isUrgent, at: now)
        ?? suppressed[channel].flatMap({ event.kind.isHeld(by: $0) ? .init($0) : nil })
      {
        skipped.append(Notification.Skip(channel: channel, reason: reason))
      } else if channel == .email {
        var text = wording.mail(event, to: account, at: now)
        if !event.kind.isSecurity {
          text.mail?.unsubscribe = wording.unsubscribe(
            try links.url(account.id, event.kind), account.language)
        }
        messages.append(message(event, .email, id, account, .email(account.email), text, now))
      } else if let phone {
        let text = wording.text(event, account.language, at: now)
        messages.append(message(event, .sms, id, account, .phone(phone), text, now))
      } else {
        skipped.append(Notification.Skip(channel: channel, reason: .noVerifiedPhone))
      }
    }
    let data = try keys.seal(
      Array(JSONEncoder().encode(EventData(event))), .payload,
      context: Self.context(row: id.bytes))
    try store.insert(id, account.id, event.kind, data: data, skipped, at: now)
    for message in messages { try outbox.queue(message, at: now) }
    return Notification.Sent(
      id: id, messages: messages.map { ($0.id, $0.channel) }, skipped: skipped)
  }

  private func message(
    _ event: AccountEvent, _ channel: OutgoingMessage.Channel, _ notification: Notification.ID,
    _ account: Account, _ destination: OutgoingMessage.Destination, _ text: MessageText,
    _ now: Date
  ) -> OutgoingMessage {
    let lifetime: TimeInterval =
      if event.kind.isSecurity {
        channel == .email ? SecurityNotices.mailLifetime : SecurityNotices.textLifetime
      } else {
        Self.lifetime
      }
    return OutgoingMessage(
      id: Identifier(at: now), .event(event.kind), channel, account: account.id,
      notification: notification, to: destination, text: text, expiresAt: now + lifetime)
  }

  /// Wakes the courier; called after the commit.
  package func wakeCourier() {
    outbox.wakeCourier()
  }

  // MARK: Looking

  /// A notification with what became of its messages; nil when there is none.
  package func find(_ id: Notification.ID) throws -> (
    Notification.Shown, messages: [Notification.Message], skipped: [Notification.Skip]
  )? {
    guard let found = try store.find(id) else { return nil }
    return (try shown(found), try store.messages(of: id), try store.skips(of: id))
  }

  /// An account's own, newest first, from before a cursor on.
  package func list(
    of account: Account.ID, before cursor: Notification.ID?, limit: Int
  ) throws -> [Notification.Shown] {
    try store.list(account, before: cursor, limit: limit).map(shown)
  }

  private func shown(_ found: NotificationStore.Found) throws -> Notification.Shown {
    let data = try keys.open(found.dataSealed, .payload, context: Self.context(row: found.id.bytes))
    return Notification.Shown(
      id: found.id, account: found.account, kind: found.kind,
      data: try JSONDecoder().decode(EventData.self, from: Data(data)),
      createdAt: found.createdAt)
  }

  // MARK: Preferences

  package func preferences(of account: Account.ID) throws -> NotificationPreferences {
    try store.preferences(of: account)
  }

  /// Sets what a change names, and leaves the rest.
  package func change(_ change: NotificationPreferences.Change, of account: Account.ID) throws {
    try store.change(change, of: account)
  }

  /// Ends mail of a kind for whom a link in it was made.
  ///
  /// - Throws: `not_found` for a link that is not ours.
  package func unsubscribe(_ token: String) throws {
    guard let (account, kind) = try links.read(token) else { throw Rejection(.notFound) }
    var change = NotificationPreferences.Change()
    change.events = [(NotificationPreferences.Choice(kind: kind, channel: .email), false)]
    try store.change(change, of: account)
  }
}
