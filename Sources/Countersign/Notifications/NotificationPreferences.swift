package import FoundationEssentials

/// What an account's owner wants to hear of, where, and when.
package struct NotificationPreferences: Sendable {
  /// One way of telling one kind of event.
  package struct Choice: Sendable, Hashable {
    package let kind: AccountEvent.Kind
    package let channel: OutgoingMessage.Channel

    package init(kind: AccountEvent.Kind, channel: OutgoingMessage.Channel) {
      self.kind = kind
      self.channel = channel
    }
  }

  /// What is switched off; everything else is on.
  package var off: Set<Choice> = []
  package var quietHours: QuietHours?
  /// Below which a balance is low, in place of what the host says.
  package var threshold: Money?

  package init() {}

  /// When nobody is to be woken: no text messages but urgent ones and those about security. Mail makes no
  /// noise.
  package struct QuietHours: Sendable, Equatable {
    /// Minutes after midnight; a span may go over midnight.
    package let from: Int
    package let until: Int
    /// A name of the IANA database, such as `Europe/Paris`.
    package let timeZone: String

    /// - Throws: `invalid_field` for a time that is not `HH:MM`, a span of nothing, or a time zone that
    ///   there is not.
    package init(from: String, until: String, timeZone: String) throws(Rejection) {
      guard let from = Self.minutes(from) else {
        throw Rejection(.invalidField, field: "quietHours.from")
      }
      guard let until = Self.minutes(until), until != from else {
        throw Rejection(.invalidField, field: "quietHours.until")
      }
      guard timeZone.utf8.count <= 64, ICU.offset(of: timeZone, secondsSince1970: 0) != nil else {
        throw Rejection(.invalidField, field: "quietHours.timeZone")
      }
      self.init(from: from, until: until, timeZone: timeZone)
    }

    init(from: Int, until: Int, timeZone: String) {
      self.from = from
      self.until = until
      self.timeZone = timeZone
    }

    private static func minutes(_ text: String) -> Int? {
      let bytes = Array(text.utf8)
      guard bytes.count == 5, bytes[2] == UInt8(ascii: ":"),
        let hours = Int(text.prefix(2)), let minutes = Int(text.suffix(2)),
        (0..<24).contains(hours), (0..<60).contains(minutes), bytes[0] != UInt8(ascii: "+"),
        bytes[3] != UInt8(ascii: "+"), bytes[0] != UInt8(ascii: "-"), bytes[3] != UInt8(ascii: "-")
      else { return nil }
      return hours * 60 + minutes
    }

    /// `HH:MM`.
    package static func text(_ minutes: Int) -> String {
      func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
      return "\(two(minutes / 60)):\(two(minutes % 60))"
    }

    package func contains(_ time: Date) -> Bool {
      let seconds = time.timeIntervalSince1970
      let offset = ICU.offset(of: timeZone, secondsSince1970: seconds) ?? 0
      let minute = ((Int(seconds) + offset) / 60 % 1_440 + 1_440) % 1_440
      return from < until
        ? (from..<until).contains(minute) : minute >= from || minute < until
    }
  }

  /// What is to be changed.
  package struct Change: Sendable {
    package var events: [(choice: Choice, isOn: Bool)] = []
    /// `.some(nil)` ends them.
    package var quietHours: QuietHours??
    /// `.some(nil)` takes the host's again.
    package var threshold: Money??

    package init() {}
  }

  /// A low balance as its owner sees it.
  func withThreshold(_ event: AccountEvent) -> AccountEvent {
    guard case .lowBalance(let balance, _) = event, let threshold,
      threshold.currency == balance.currency
    else { return event }
    return .lowBalance(balance: balance, threshold: threshold)
  }

  /// Why an event is not told on a channel; nil when it is.
  func objection(
    to event: AccountEvent, on channel: OutgoingMessage.Channel, isUrgent: Bool, at now: Date
  ) -> Notification.Skip.Reason? {
    if case .lowBalance(let balance, let threshold) = event, balance.amount >= threshold.amount {
      return .aboveThreshold
    }
    if event.kind.isSecurity { return nil }
    if off.contains(Choice(kind: event.kind, channel: channel)) { return .switchedOff }
    if channel == .sms, !isUrgent, let quietHours, quietHours.contains(now) { return .quietHours }
    return nil
  }
}
