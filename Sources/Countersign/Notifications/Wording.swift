package import FoundationEssentials

/// What messages say, in English.
///
/// A text message is kept to the GSM 03.38 alphabet and, for codes, to one segment of 160 septets:
/// one character beyond the alphabet would turn it into 70 characters a segment, at twice the
/// price.
package struct Wording: Sendable {
  private let product: String
  private let host: String

  package init(_ configuration: Configuration) {
    product = configuration.productName
    host = configuration.publicBaseURL.host
  }

  /// What a code is for, as it stands in "your code to …".
  package enum CodePurpose: String, Sendable {
    case verifyPhone = "verify your phone"
    case confirm = "confirm it is you"
    case signIn = "sign in"
  }

  /// The text of a code. Its last line binds the code to our host, for browsers that fill it in
  /// (<https://wicg.github.io/sms-one-time-codes/>).
  package func code(_ code: String, _ purpose: CodePurpose, minutes: Int) -> MessageText {
    MessageText(
      body:
        "\(product): your code to \(purpose.rawValue) is \(code). Valid \(minutes) minutes. Never share it.\n\n@\(host) #\(code)"
    )
  }

  /// The same, to be read out: the digits apart, and twice.
  package func spokenCode(_ code: String, _ purpose: CodePurpose) -> MessageText {
    let digits = code.map(String.init).joined(separator: ", ")
    return MessageText(
      body:
        "This is \(product). Your code to \(purpose.rawValue) is: \(digits). Again, your code is: \(digits). Never share it."
    )
  }

  /// To the number that an account has just given up.
  package func phoneChanged(at time: Date) -> MessageText {
    MessageText(
      body:
        "\(product): the phone number of your account was changed on \(Self.day(time)). If this was not you, contact us at once.",
      subject: "The phone number of your \(product) account was changed")
  }

  /// To the account whose number somebody else has proven to hold.
  package func phoneClaimed(_ number: PhoneNumber, at time: Date) -> MessageText {
    MessageText(
      body: """
        On \(Self.day(time)) somebody proved that they hold the phone number \(number.masked), which was verified on your \
        account. Numbers are handed on when a contract ends. The number no longer belongs to your account: it receives no \
        codes for it and cannot reset your password. Everything else in your account is as it was.

        If you still have this number, sign in, verify it again, and contact us.
        """,
      subject: "A phone number was removed from your \(product) account")
  }

  /// A day and minute in UTC: `2026-01-31 09:05 UTC`.
  private static func day(_ time: Date) -> String {
    let text = time.rfc3339
    return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5)) UTC"
  }
}
