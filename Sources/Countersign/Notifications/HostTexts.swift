package import FoundationEssentials

/// Text messages in the host's own words.
///
/// They go through what codes go through: consent, countries, and budgets. They are not counted as codes.
package struct HostTexts {
  private let sends: SendGuard
  private let outbox: Outbox

  /// What Twilio takes (21617).
  private static let maximumLength = 1_600
  private static let lifetime: TimeInterval = 24 * 3_600

  package init(_ connection: Connection, _ configuration: Configuration) {
    sends = SendGuard(connection, configuration)
    outbox = Outbox(connection, configuration)
  }

  /// Queues a text.
  ///
  /// - Parameter isLimited: false for a host that answers for how much it sends to one number.
  /// - Throws: `invalid_field` for a text that is empty, longer than 1,600 characters, or holds
  ///   characters that are not seen as they are; `destination_opted_out`; `send_limit_reached`; `send_refused`.
  package func send(
    _ text: String, to number: PhoneNumber, isLimited: Bool, at now: Date
  ) throws -> OutgoingMessage.ID {
    guard (1...Self.maximumLength).contains(text.unicodeScalars.count),
      text.split(separator: "\n", omittingEmptySubsequences: false).allSatisfy({
        $0.isEmpty || TransactionDetails.isVisible(String($0))
      }), text.unicodeScalars.contains(where: { !$0.properties.isWhitespace })
    else { throw Rejection(.invalidField, field: "message") }
    let message = OutgoingMessage(
      id: Identifier(at: now), .hostText, .sms, account: nil, to: .phone(number),
      text: MessageText(body: ShortMessage.cheapest(text)), expiresAt: now + Self.lifetime)
    var request = SendGuard.Request(
      number: number, channel: .sms, text: message.text, asker: .host(nil), isNumberProven: true)
    request.kind = .text(isLimited: isLimited)
    try sends.send(request, at: now) {
      try outbox.queue(message, at: now)
      return true
    }
    outbox.wakeCourier()
    return message.id
  }
}
