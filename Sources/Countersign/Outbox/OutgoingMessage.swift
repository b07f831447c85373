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
  package let text: MessageText
  package let expiresAt: Date

  package enum Kind: String, Sendable {
    case code
    case phoneChanged = "phone_changed"
    case phoneClaimed = "phone_claimed"
    case newLogin = "new_login"
    case passwordChanged = "password_changed"
    case passwordReset = "password_reset"
    case twoFactorEnabled = "two_factor_enabled"
    case twoFactorDisabled = "two_factor_disabled"
    case backupCodeUsed = "backup_code_used"
    case backupCodesReplaced = "backup_codes_replaced"
    case factorDisabled = "factor_disabled"
    case codesFailing = "codes_failing"
    case paymentSent = "payment_sent"
    case paymentReceived = "payment_received"
    case lowBalance = "low_balance"

    /// Codes overtake everything, and security notices overtake what is merely interesting.
    package var lane: Lane {
      switch self {
      case .code: .codes
      case .paymentSent, .paymentReceived, .lowBalance: .notifications
      default: .security
      }
    }
  }

  package enum Lane: Int, CaseIterable, Sendable {
    case codes = 0
    case security = 1
    case notifications = 2
  }

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

  package init(body: String, subject: String? = nil) {
    self.body = body
    self.subject = subject
  }
}

/// How messages are sealed while they wait: their text and their destination, each for its own row.
struct MessageVault: Sendable {
  let keys: KeyRing

  static func context(_ column: String, _ id: [UInt8]) -> [UInt8] {
    Array("message|\(column)|".utf8) + id
  }

  func seal(_ text: MessageText, _ id: OutgoingMessage.ID) throws -> [UInt8] {
    try keys.seal(
      Array(JSONEncoder().encode(text)), .payload, context: Self.context("payload", id.bytes))
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
