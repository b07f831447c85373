package import FoundationEssentials

/// What an event's messages say, with samples for values.
package struct MessagePreview {
  package let text: String
  package let segments: Int
  package let isGSM: Bool
  package let subject: String
  /// Nil where the event is worth no mail.
  package let mail: String?
  package let html: String

  package init(_ kind: AccountEvent.Kind, locale: String, _ wording: Wording, at now: Date = .now) {
    let language = Language(locale)
    let event = Self.sample(kind)
    text = wording.text(event, language, at: now).body
    segments = ShortMessage.segments(text)
    isGSM = ShortMessage.septets(text) != nil
    guard kind.channels.contains(.email) else {
      (subject, mail, html) = ("", nil, "")
      return
    }
    let message = wording.mail(event, name: "Ann Stone", language, at: now)
    subject = message.subject ?? ""
    mail = message.body
    html = message.html(product: wording.product) ?? ""
  }

  private static func sample(_ kind: AccountEvent.Kind) -> AccountEvent {
    func money(_ amount: Int) -> Money { Money(amount: amount, .dollar) }
    let payment = AccountEvent.Payment(
      money: money(12_345), party: "Bob Stone", balance: money(100_000), transaction: "tx-4711")
    switch kind {
    case .paymentSent: return .paymentSent(payment)
    case .paymentReceived: return .paymentReceived(payment)
    case .lowBalance: return .lowBalance(balance: money(900), threshold: money(1_000))
    case .newLogin:
      return .security(
        .newLogin(ClientDescription(userAgent: "Firefox on Linux", address: "203.0.113.7")))
    case .passwordChanged: return .security(.passwordChanged)
    case .passwordReset: return .security(.passwordReset)
    case .passwordResetForced: return .security(.passwordResetForced)
    case .phoneChanged: return .security(.phoneChanged)
    case .twoFactorEnabled: return .security(.twoFactorEnabled(.app))
    case .twoFactorDisabled: return .security(.twoFactorDisabled)
    case .backupCodeUsed: return .security(.backupCodeUsed(left: 9))
    case .backupCodesReplaced: return .security(.backupCodesReplaced)
    case .factorDisabled: return .security(.factorDisabled(.sms))
    case .codesFailing: return .security(.codesFailing(.app))
    }
  }
}
