package import FoundationEssentials

/// What became of a code that somebody waits for: by which way it goes, and how far it has come.
///
/// Why it failed is not among it: what a provider thinks of a number is for its owner and the host.
struct CodeDelivery {
  let channel: OutgoingMessage.Channel
  let status: MessageStatus

  init(_ row: Row) throws(DatabaseError) {
    guard let channel = OutgoingMessage.Channel(rawValue: try row.text("channel")),
      let status = MessageStatus(rawValue: try row.text("status"))
    else { throw DatabaseError(.undecodable, statement: "message.status") }
    self.channel = channel
    self.status = status
  }

  /// True when it will not arrive this way.
  var hasFailed: Bool {
    switch status {
    case .undelivered, .failed, .expired: true
    case .queued, .sending, .unknown, .sent, .delivered: false
    }
  }
}

/// A code on its way, as whoever is to enter it is shown.
package struct PendingCode: Sendable, Encodable {
  package let channel: OutgoingMessage.Channel
  package let status: MessageStatus
  package let expiresAt: Date
  /// Seconds until another may be asked for.
  package let resendAfter: Int

  init(_ delivery: CodeDelivery, expiresAt: Date, resendAfter: Int) {
    channel = delivery.channel
    status = delivery.status
    self.expiresAt = expiresAt
    self.resendAfter = resendAfter
  }
}
