import FoundationEssentials

/// A code that proves somebody reads what is sent to a number.
struct VerificationCode {
  /// Decimal digits; 20 bits are what ASVS 6.5.4 asks of a code that may be tried three times.
  static let length = 6
  static let maximumTries = 3

  /// What a code is for. Together with its subject it names the one row that can hold a live code.
  enum Purpose: String {
    /// A number is proven before there is an account.
    case signUp = "sign_up"
    /// An account's own number, new or first.
    case phone
    /// The host asked on behalf of a user of its own.
    case otp
    /// A forgotten password is set anew; the second one goes by mail.
    case reset
    case resetMail = "reset_mail"
  }

  /// How long a code lives.
  struct Lifetime {
    let minutes: Int
    static let verification = Lifetime(minutes: 10)
    static let secondFactor = Lifetime(minutes: 5)
    var interval: TimeInterval { TimeInterval(minutes * 60) }
  }

  /// True for six ASCII digits and nothing around them. Whoever types anything else has not made a
  /// guess, and is told what a wrong guess is told.
  static func isWellFormed(_ text: String) -> Bool {
    text.utf8.count == length
      && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }

  /// What the MAC of a code covers: nothing but this purpose, subject, issue, and destination
  /// verifies it.
  static func fields(
    _ code: String, _ purpose: Purpose, subject: [UInt8], nonce: [UInt8], destination: [UInt8]
  ) -> [[UInt8]] {
    [Array(purpose.rawValue.utf8), subject, nonce, destination, Array(code.utf8)]
  }
}
