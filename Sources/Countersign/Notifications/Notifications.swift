package import FoundationEssentials

/// Something that happened to an account's money, told to its owner.
package enum Notification {
  package typealias ID = Identifier<Notification>

  /// A channel on which nothing was sent, and why.
  package struct Skip: Sendable, Encodable {
    package let channel: OutgoingMessage.Channel
    package let reason: Reason

    /// The raw value is stored and shown.
    package enum Reason: String, Sendable, Encodable {
      case noVerifiedPhone = "no_verified_phone"
      case switchedOff = "switched_off"
      case aboveThreshold = "above_threshold"
    }
  }

  /// One way of telling one kind of event.
  package struct Preference: Sendable, Hashable {
    package let kind: TransactionEvent.Kind
    package let channel: OutgoingMessage.Channel

    package init(kind: TransactionEvent.Kind, channel: OutgoingMessage.Channel) {
      self.kind = kind
      self.channel = channel
    }
  }

  /// How far a message had come, and when.
  package struct Step: Sendable, Encodable {
    package let status: String
    package let at: Date
  }

  /// A message of a notification, and what became of it.
  package struct Message: Sendable, Encodable {
    package let id: OutgoingMessage.ID
    package let channel: OutgoingMessage.Channel
    package let status: String
    package let provider: String?
    /// The provider's own.
    package let errorCode: String?
    /// Our word for it.
    package let failure: String?
    package let attempts: Int
    package let history: [Step]
  }

  /// What was queued and what was not.
  package struct Sent: Sendable {
    package let id: ID
    package let messages: [(id: OutgoingMessage.ID, channel: OutgoingMessage.Channel)]
    package let skipped: [Skip]
  }

  /// A notification as it is shown.
  package struct Shown: Sendable {
    package let id: ID
    package let account: Account.ID
    package let kind: TransactionEvent.Kind
    package let data: TransactionData
    package let createdAt: Date
  }
}

/// Telling account holders what happened to their money, as the host asks and they want.
package struct Notifications {
  private let store: NotificationStore
  private let outbox: Outbox
  private let wording: Wording
  private let keys: KeyRing

  /// A receipt is worth its while for two days.
  private static let lifetime: TimeInterval = 48 * 3_600

  package init(_ connection: Connection, _ configuration: Configuration) {
    store = NotificationStore(connection: connection)
    outbox = Outbox(connection, configuration)
    wording = Wording(configuration)
    keys = configuration.keys
  }

  static func context(row id: [UInt8]) -> [UInt8] { Array("notification|data|".utf8) + id }

  /// Queues a message on each channel that the event has and the owner wants; called inside a
  /// transaction.
  package func sendInTransaction(
    _ event: TransactionEvent, to account: Account, at now: Date
  ) throws -> Notification.Sent {
    let id = Notification.ID(at: now)
    let off = try store.switchedOff(account.id)
    var messages: [OutgoingMessage] = []
    var skipped: [Notification.Skip] = []
    for channel in event.kind.channels {
      if case .lowBalance(let balance, let threshold) = event, balance.amount >= threshold.amount {
        skipped.append(Notification.Skip(channel: channel, reason: .aboveThreshold))
      } else if off.contains(Notification.Preference(kind: event.kind, channel: channel)) {
        skipped.append(Notification.Skip(channel: channel, reason: .switchedOff))
      } else if let destination = destination(channel, of: account) {
        messages.append(
          OutgoingMessage(
            id: Identifier(at: now), event.kind.message, channel, account: account.id,
            notification: id, to: destination,
            text: channel == .email
              ? wording.mail(event, to: account, at: now) : wording.text(event),
            expiresAt: now + Self.lifetime))
      } else {
        skipped.append(Notification.Skip(channel: channel, reason: .noVerifiedPhone))
      }
    }
    let data = try keys.seal(
      Array(JSONEncoder().encode(TransactionData(event))), .payload,
      context: Self.context(row: id.bytes))
    try store.insert(id, account.id, event.kind, data: data, skipped, at: now)
    for message in messages { try outbox.queue(message, at: now) }
    return Notification.Sent(
      id: id, messages: messages.map { ($0.id, $0.channel) }, skipped: skipped)
  }

  private func destination(
    _ channel: OutgoingMessage.Channel, of account: Account
  ) -> OutgoingMessage.Destination? {
    guard channel != .email else { return .email(account.email) }
    return account.isPhoneVerified ? account.phone.map { .phone($0) } : nil
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
      data: try JSONDecoder().decode(TransactionData.self, from: Data(data)),
      createdAt: found.createdAt)
  }

  // MARK: Preferences

  /// What an account has switched off.
  package func switchedOff(_ account: Account.ID) throws -> Set<Notification.Preference> {
    try store.switchedOff(account)
  }

  package func set(
    _ preference: Notification.Preference, of account: Account.ID, isOn: Bool
  ) throws(DatabaseError) {
    try store.set(preference, of: account, isOn: isOn)
  }
}
