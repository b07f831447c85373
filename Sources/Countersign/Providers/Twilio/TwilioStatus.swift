/// Twilio's word for how far a message has come
/// (<https://www.twilio.com/docs/messaging/api/message-resource#message-status-values>).
///
/// Its rank only rises: callbacks come late, twice, and out of order. A word we do not know is nil,
/// and changes nothing.
package struct TwilioStatus: Sendable {
  package let rank: Int
  /// Our word for it.
  package let status: MessageStatus

  /// Twilio has the message, and nothing more is known.
  static let accepted = TwilioStatus(rank: 0, status: .sent)

  private init(rank: Int, status: MessageStatus) {
    self.rank = rank
    self.status = status
  }

  package init?(_ text: String) {
    switch text {
    case "accepted", "scheduled": (rank, status) = (0, .sent)
    case "queued", "initiated": (rank, status) = (1, .sent)
    case "sending", "ringing": (rank, status) = (2, .sent)
    case "sent", "in-progress", "answered": (rank, status) = (3, .sent)
    case "delivered", "completed": (rank, status) = (4, .delivered)
    case "undelivered", "busy", "no-answer": (rank, status) = (4, .undelivered)
    case "failed", "canceled": (rank, status) = (4, .failed)
    case "read": (rank, status) = (5, .delivered)
    default: return nil
    }
  }
}
