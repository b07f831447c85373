package import FoundationEssentials

/// Telling an account's owner what happened to its security, on every channel the account has: a
/// thief who holds one of them must not be the only one who hears of it.
///
/// Nobody can switch these off (NIST SP 800-63B section 4.6).
package struct SecurityNotices {
  private let outbox: Outbox
  private let wording: Wording
  private let consent: Consent
  private let events: HostEvents

  package init(_ connection: Connection, _ configuration: Configuration) {
    outbox = Outbox(connection, configuration)
    wording = Wording(configuration)
    consent = Consent(connection, configuration)
    events = HostEvents(connection, configuration)
  }

  /// Old news of a session helps nobody, but a mail may wait for a provider over a weekend.
  static let textLifetime: TimeInterval = 24 * 3_600
  static let mailLifetime: TimeInterval = 72 * 3_600

  /// Queues a text message and a mail, and tells the host; called inside the transaction of what they
  /// tell of.
  ///
  /// Who wants no text messages from us, or whose address returns mail, is told on the other channel; somebody is
  /// always told.
  ///
  /// - Parameter phone: where the text goes, when not to the account's verified number.
  package func queue(
    _ event: SecurityEvent, to account: Account, phone: PhoneNumber? = nil, at now: Date
  ) throws {
    let kind = OutgoingMessage.Kind.event(event.kind)
    let number = phone ?? (account.isPhoneVerified ? account.phone : nil)
    let suppressed = try consent.reasons(number, account.email)
    let textsTo = suppressed[.sms] == nil ? number : nil
    if let number = textsTo {
      try outbox.queue(
        OutgoingMessage(
          id: Identifier(at: now), kind, .sms, account: account.id, to: .phone(number),
          text: wording.text(.security(event), account.language, at: now),
          expiresAt: now + Self.textLifetime), at: now)
    }
    // Who wants no mail of ours still hears of this; where mail cannot arrive it is sent only for want of anything
    // else.
    if suppressed[.email] != .bounced || textsTo == nil {
      try outbox.queue(
        OutgoingMessage(
          id: Identifier(at: now), kind, .email, account: account.id, to: .email(account.email),
          text: wording.mail(.security(event), to: account, at: now),
          expiresAt: now + Self.mailLifetime), at: now)
    }
    if let type = HostEvent.Kind(event) {
      try events.queue(type, about: account.id, at: now)
    }
  }

  /// Wakes the courier; called after the commit.
  package func wakeCourier() {
    outbox.wakeCourier()
  }
}
