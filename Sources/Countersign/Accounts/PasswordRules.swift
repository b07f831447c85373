import FoundationEssentials

/// Which new passwords are refused, and why (NIST SP 800-63B section 3.1.1.2).
///
/// Length, the passwords that are guessed first, words of the context, and, when configured, what
/// is known from breaches. No rule asks for kinds of characters.
package struct PasswordRules {
  private let productName: String
  private let breaches: BreachedPasswords?

  /// - Parameter breaches: where breached passwords are looked up; nil to go by the embedded words
  ///   alone.
  package init(productName: String, breaches: BreachedPasswords?) {
    self.productName = productName
    self.breaches = breaches
  }

  /// Why a password is refused; the raw value is the public `reason`.
  package enum Refusal: String, Sendable {
    case tooShort = "too_short"
    case tooLong = "too_long"
    case tooCommon = "too_common"
    case tooPersonal = "too_personal"
    case breached = "breached"
  }

  /// Checks a new password.
  ///
  /// - Parameter context: what others know of the person: the email address, the name, the number.
  /// - Throws: `password_rejected` with a `reason`.
  package func check(_ secret: Secret, context: [String]) throws(Rejection) -> Password {
    guard let password = Password(secret) else { throw refused(.tooLong) }
    guard password.length >= Password.minimumLength else { throw refused(.tooShort) }
    let text = String(decoding: password.bytes, as: UTF8.self).lowercased()
    if CommonPasswords.contains(text) { throw refused(.tooCommon) }
    if isPersonal(text, context + [productName]) { throw refused(.tooPersonal) }
    if try breaches?.contains(password) == true { throw refused(.breached) }
    return password
  }

  private func refused(_ refusal: Refusal) -> Rejection {
    Rejection(.passwordRejected, field: "password").adding("reason", .text(refusal.rawValue))
  }

  /// True when a word of the context makes up most of the password: all but three characters of it
  /// or fewer.
  private func isPersonal(_ text: String, _ context: [String]) -> Bool {
    for entry in context {
      let lowered = entry.lowercased()
      for word in [lowered]
        + lowered.split(whereSeparator: { !$0.isLetter && !$0.isNumber }).map(String.init)
      where word.utf8.count >= 4 {
        if text.contains(word), text.count - word.count <= 3 { return true }
      }
    }
    return false
  }
}
