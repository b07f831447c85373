package import FoundationEssentials

/// Where responders leave what is to be sent.
///
/// A message is a row, inserted in the transaction of what it is about: it exists exactly when that
/// does. The responder calls no provider; after the commit it wakes the courier, which sends. A
/// wake that is lost costs a second, no message.
package struct Outbox {
  private let store: OutboxStore
  private let vault: MessageVault
  private let phones: PhoneVault
  private let destinations: Destinations
  private let bell: CourierBell

  package init(_ connection: Connection, _ configuration: Configuration) {
    store = OutboxStore(connection)
    vault = MessageVault(keys: configuration.keys)
    phones = PhoneVault(configuration.keys)
    destinations = Destinations(connection, configuration)
    bell = CourierBell(path: configuration.courierSocket)
  }

  /// Queues a message; called inside the transaction of what the message is about.
  package func queue(_ message: OutgoingMessage, at now: Date) throws {
    var envelope: OutboxStore.Envelope
    switch message.destination {
    case .phone(let number):
      envelope = OutboxStore.Envelope(
        destination: try vault.sealDestination(number.e164, message.id),
        hash: try phones.hash(number))
      envelope.ending = try phones.ending(of: number)
      envelope.country = number.region.utf8.count == 2 ? number.region : nil
      if message.channel == .sms { envelope.segments = ShortMessage.segments(message.text.body) }
      envelope.price = try destinations.cost(of: message.text.body, to: number, message.channel)
    case .email(let email):
      envelope = OutboxStore.Envelope(
        destination: try vault.sealDestination(email, message.id),
        hash: try vault.hash(email: email))
    }
    envelope.payload = try vault.seal(message.text, message.id)
    envelope.fallback = try message.fallback.map { try vault.sealFallback($0, message.id) }
    try store.insert(message, envelope, at: now)
  }

  /// Wakes the courier; called after the commit.
  package func wakeCourier() {
    bell.ring()
  }

  /// How a message stands, and why it failed.
  func standing(of id: OutgoingMessage.ID) throws(DatabaseError) -> (
    status: MessageStatus, failure: Failure?
  )? {
    try store.standing(of: id)
  }

  /// What became of a code; nil when nothing is known of it any more.
  func delivery(ofCode id: OutgoingMessage.ID) throws(DatabaseError) -> CodeDelivery? {
    try store.delivery(ofCode: id)
  }
}

/// How far a message has come; the raw value is stored and shown.
package enum MessageStatus: String, Sendable, Encodable {
  /// Waiting for the courier.
  case queued
  /// The courier has it.
  case sending
  /// A provider may or may not have taken it; the courier asks before it sends again.
  case unknown
  /// A provider has taken it.
  case sent
  case delivered
  case undelivered
  /// No provider will send it.
  case failed
  /// It waited longer than it was worth sending.
  case expired
}
