package import FoundationEssentials

/// An event that an account's owner was told, on each channel by a message of its own.
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
      case quietHours = "quiet_hours"
      case optedOut = "opted_out"
      case bounced = "bounced"
      case spamReport = "spam_report"
      case unsubscribed = "unsubscribed"

      init(_ reason: Consent.Reason) {
        switch reason {
        case .optedOut: self = .optedOut
        case .bounced: self = .bounced
        case .reportedSpam: self = .spamReport
        case .unsubscribed: self = .unsubscribed
        }
      }
    }
  }

  /// How far a message had come, and when.
  package struct Step: Sendable, Encodable {
    package let status: String
    package let at: Date
  }

  /// What a message cost, or is expected to.
  package struct Price: Sendable, Encodable {
    /// In millionths of the currency.
    package let micros: Int
    package let currency = "USD"
    /// True until the provider has said what it took.
    package let estimated: Bool
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
    package let segments: Int?
    package let price: Price?
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
    package let kind: AccountEvent.Kind
    package let data: EventData
    package let createdAt: Date
  }
}
