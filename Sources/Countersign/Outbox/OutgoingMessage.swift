package import FoundationEssentials

/// A message to be queued: what it says, to whom, and until when it is worth sending.
package struct OutgoingMessage: Sendable {
  package typealias ID = Identifier<OutgoingMessage>

  package let id: ID
  package let kind: Kind
  package let channel: Channel
  package let account: Account.ID?
  /// What it tells of.
  package let notification: Notification.ID?
  package let destination: Destination
  package var text: MessageText
  /// What is said on the phone, within the message's time, when a receipt says that the text failed.
  package var fallback: MessageText?
  package let expiresAt: Date

  package enum Kind: Sendable, Equatable {
    case code
    case event(AccountEvent.Kind)
    /// To an account whose number somebody else has proven.
    case phoneClaimed
    /// The host's own words.
    case hostText
    /// To whoever operates this.
    case alerts

    /// As it is stored and shown.
    package var rawValue: String {
      switch self {
      case .code: "code"
      case .event(let kind): kind.rawValue
      case .phoneClaimed: "phone_claimed"
      case .hostText: "host_text"
      case .alerts: "alerts"
      }
    }

    /// Codes overtake everything, and security notices overtake what is merely interesting.
    package var lane: Lane {
      switch self {
      case .code: .codes
      case .event(let kind): kind.isSecurity ? .security : .notifications
      case .phoneClaimed, .alerts: .security
      case .hostText: .notifications
      }
    }
  }

  package enum Lane: Int, CaseIterable, Sendable {
    case codes = 0
    case security = 1
    case notifications = 2
  }

  /// The lane of what was sent and is looked at again: a provider that says nothing is asked.
  static let receiptLane = 3

  package enum Channel: String, Sendable, Codable {
    case sms, call, email
  }

  package enum Destination: Sendable {
    case phone(PhoneNumber)
    case email(String)
  }

  package init(
    id: ID, _ kind: Kind, _ channel: Channel, account: Account.ID?,
    notification: Notification.ID? = nil, to destination: Destination, text: MessageText,
    expiresAt: Date
  ) {
    self.id = id
    self.kind = kind
    self.channel = channel
    self.account = account
    self.notification = notification
    self.destination = destination
    self.text = text
    self.expiresAt = expiresAt
  }
}

/// The words of a message. It travels sealed, since it may hold a code.
package struct MessageText: Sendable, Codable, Equatable {
  package var body: String
  package var subject: String?
  /// What mail has beside its plain text.
  package var mail: Mail?
  /// In which a call is read out, BCP 47.
  package var language: String?
  /// What a provider is told that finds its own words for a code, and its own code.
  package var hosted: HostedOrder?

  package init(
    body: String, subject: String? = nil, mail: Mail? = nil, language: String? = nil
  ) {
    self.body = body
    self.subject = subject
    self.mail = mail
    self.language = language
  }
}

/// How messages are sealed while they wait: their text and their destination, each for its own row.
struct MessageVault: Sendable {
  let keys: KeyRing

  /// What an email address is looked up by.
  func hash(email: String) throws -> [UInt8] {
    try keys.indexMAC(.phoneIndex, [Array("email".utf8), Array(email.lowercased().utf8)])
  }

  static func context(_ column: String, _ id: [UInt8]) -> [UInt8] {
    Array("message|\(column)|".utf8) + id
  }

  func seal(_ text: MessageText, _ id: OutgoingMessage.ID) throws -> [UInt8] {
    try keys.seal(
      Array(JSONEncoder().encode(text)), .payload, context: Self.context("payload", id.bytes))
  }

  func sealFallback(_ text: MessageText, _ id: OutgoingMessage.ID) throws -> [UInt8] {
    try keys.seal(
      Array(JSONEncoder().encode(text)), .payload, context: Self.context("fallback", id.bytes))
  }

  func openFallback(_ sealed: [UInt8], _ id: OutgoingMessage.ID) throws -> MessageText {
    try JSONDecoder().decode(
      MessageText.self,
      from: Data(keys.open(sealed, .payload, context: Self.context("fallback", id.bytes))))
  }

  func openText(_ sealed: [UInt8], _ id: OutgoingMessage.ID) throws -> MessageText {
    try JSONDecoder().decode(
      MessageText.self,
      from: Data(keys.open(sealed, .payload, context: Self.context("payload", id.bytes))))
  }

  func sealDestination(_ text: String, _ id: OutgoingMessage.ID) throws -> [UInt8] {
    try keys.seal(Array(text.utf8), .phone, context: Self.context("destination", id.bytes))
  }

  func openDestination(_ sealed: [UInt8], _ id: OutgoingMessage.ID) throws -> String {
    String(
      decoding: try keys.open(sealed, .phone, context: Self.context("destination", id.bytes)),
      as: UTF8.self)
  }
}
