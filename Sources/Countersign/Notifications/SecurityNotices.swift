package import FoundationEssentials

/// Telling an account's owner what happened to its security, on every channel the account has: a
/// thief who holds one of them must not be the only one who hears of it.
///
/// Nobody can switch these off (NIST SP 800-63B section 4.6).
package struct SecurityNotices {
  private let outbox: Outbox
  private let wording: Wording

  package init(_ connection: Connection, _ configuration: Configuration) {
    outbox = Outbox(connection, configuration)
    wording = Wording(configuration)
  }

  /// What happened.
  package enum Event: Sendable {
    /// Signed in from where the account was never used before.
    case newLogin(ClientDescription)
    case passwordChanged
    case passwordReset
    case phoneChanged
    case twoFactorEnabled(Factor)
    case twoFactorDisabled
    case backupCodeUsed(left: Int)
    case backupCodesReplaced
    /// Too many wrong codes in a row.
    case factorDisabled(Factor)
    /// The tries of an hour are used up.
    case codesFailing(Factor)

    var kind: OutgoingMessage.Kind {
      switch self {
      case .newLogin: .newLogin
      case .passwordChanged: .passwordChanged
      case .passwordReset: .passwordReset
      case .phoneChanged: .phoneChanged
      case .twoFactorEnabled: .twoFactorEnabled
      case .twoFactorDisabled: .twoFactorDisabled
      case .backupCodeUsed: .backupCodeUsed
      case .backupCodesReplaced: .backupCodesReplaced
      case .factorDisabled: .factorDisabled
      case .codesFailing: .codesFailing
      }
    }
  }

  /// Old news of a session helps nobody, but a mail may wait for a provider over a weekend.
  private static let textLifetime: TimeInterval = 24 * 3_600
  private static let mailLifetime: TimeInterval = 72 * 3_600

  /// Queues a text message and a mail; called inside the transaction of what they tell of.
  ///
  /// - Parameter phone: where the text goes, when not to the account's verified number.
  package func queue(
    _ event: Event, to account: Account, phone: PhoneNumber? = nil, at now: Date
  ) throws {
    let text = wording.notice(event, at: now)
    if let number = phone ?? (account.isPhoneVerified ? account.phone : nil) {
      try outbox.queue(
        OutgoingMessage(
          id: Identifier(at: now), event.kind, .sms, account: account.id, to: .phone(number),
          text: MessageText(body: text.short), expiresAt: now + Self.textLifetime), at: now)
    }
    try outbox.queue(
      OutgoingMessage(
        id: Identifier(at: now), event.kind, .email, account: account.id,
        to: .email(account.email), text: MessageText(body: text.long, subject: text.subject),
        expiresAt: now + Self.mailLifetime), at: now)
  }

  /// Wakes the courier; called after the commit.
  package func wakeCourier() {
    outbox.wakeCourier()
  }
}
