package import FoundationEssentials

/// What messages say, in English.
///
/// A text message is kept to the GSM 03.38 alphabet and, for codes, to one segment of 160 septets:
/// one character beyond the alphabet would turn it into 70 characters a segment, at twice the
/// price.
package struct Wording: Sendable {
  private let product: String
  private let host: String
  private let depositURL: String?

  package init(_ configuration: Configuration) {
    product = configuration.productName
    depositURL = configuration.depositURL
    host = configuration.publicBaseURL.host
  }

  /// What a code is for, as it stands in "your code to …".
  package struct CodePurpose: Sendable {
    let words: String

    package static let verifyPhone = CodePurpose(words: "verify your phone")
    package static let confirm = CodePurpose(words: "confirm it is you")
    package static let signIn = CodePurpose(words: "sign in")
    package static let resetPassword = CodePurpose(words: "reset your password")
    static let enableTwoFactor = CodePurpose(words: "turn on two-step login")

    /// What a challenge is for; the host's own word as it is, with spaces. A word that somebody's session
    /// made up is not repeated in our name.
    init(_ purpose: Challenge.Purpose, isOfHost: Bool) {
      switch purpose {
      case .login: self = .signIn
      case .enableTwoFactor: self = .enableTwoFactor
      case .transfer: words = "confirm a transfer"
      case .passwordChange: words = "change your password"
      case .phoneChange: words = "change your phone number"
      case .disableTwoFactor: words = "turn off two-step login"
      case .backupCodes: words = "make new backup codes"
      case .factorChange: words = "change your second factor"
      case _ where !isOfHost: self = .confirm
      default:
        words = "confirm \(String(purpose.rawValue.map { "_-.".contains($0) ? " " : $0 }))"
      }
    }

    private init(words: String) {
      self.words = words
    }
  }

  /// The text of a code. Its last line binds the code to our host, for browsers that fill it in
  /// (<https://wicg.github.io/sms-one-time-codes/>).
  package func code(_ code: String, _ purpose: CodePurpose, minutes: Int) -> MessageText {
    MessageText(
      body:
        "\(product): your code to \(purpose.words) is \(code). Valid \(minutes) minutes. Never share it.\n\n@\(host) #\(code)"
    )
  }

  /// The same as mail, which has room for what to do with it.
  package func mailedCode(_ code: String, _ purpose: CodePurpose, minutes: Int) -> MessageText {
    MessageText(
      body:
        "Your code to \(purpose.words) is \(code).\n\nIt is valid for \(minutes) minutes. Never share it: we never ask for it.\nIf you did not ask for it, somebody else did, and without it they get nowhere.",
      subject: "\(product): your code to \(purpose.words)")
  }

  /// The same, to be read out: the digits apart, and twice.
  package func spokenCode(_ code: String, _ purpose: CodePurpose) -> MessageText {
    let digits = code.map(String.init).joined(separator: ", ")
    return MessageText(
      body:
        "This is \(product). Your code to \(purpose.words) is: \(digits). Again, your code is: \(digits). Never share it."
    )
  }

  /// The text of a code that confirms a payment: what is paid and to whom before the code, in two
  /// segments at most. A long name is cut, and never the amount.
  package func transferCode(_ code: String, _ details: TransactionDetails, minutes: Int)
    -> MessageText
  {
    let before = "\(details.money.text) to "
    let after =
      ": your \(product) code is \(code). Valid \(minutes) minutes. Never share it.\n\n@\(host) #\(code)"
    var payee = Self.harmless(details.payee)
    var kept = payee[...]
    while ShortMessage.segments(before + payee + after) > 2, !kept.isEmpty {
      kept.removeLast()
      payee = "\(kept)..."
    }
    return MessageText(body: before + payee + after)
  }

  /// The same, to be read out.
  package func spokenTransferCode(_ code: String, _ details: TransactionDetails) -> MessageText {
    let digits = code.map(String.init).joined(separator: ", ")
    return MessageText(
      body:
        "This is \(product). To pay \(details.money.text) to \(Self.harmless(details.payee)), your code is: \(digits). Again, your code is: \(digits). Never share it."
    )
  }

  /// A name that somebody chose, so that it makes no link and no line that binds a code to a host:
  /// phones find links in anything with a dot inside.
  private static func harmless(_ name: String) -> String {
    let characters = Array(name)
    var harmless = ""
    for (index, character) in characters.enumerated() {
      switch character {
      case ".":
        let isInside = index + 1 < characters.count && characters[index + 1] != " "
        harmless.append(isInside ? " " : ".")
      case "/", ":", "@", "#", "\\": harmless.append(" ")
      // What would double a text's price and says no more than its plain cousin.
      case "\u{2018}", "\u{2019}", "\u{201A}": harmless.append("'")
      case "\u{201C}", "\u{201D}", "\u{201E}": harmless.append("\"")
      case "\u{2013}", "\u{2014}": harmless.append("-")
      case "\u{2026}": harmless.append("...")
      case "\u{A0}", "\u{202F}": harmless.append(" ")
      case _
      where character.unicodeScalars.contains {
        $0.properties.isEmojiPresentation || $0 == "\u{FE0F}"
      }:
        break
      default: harmless.append(character)
      }
    }
    return harmless
  }

  /// What a notice says: a text message, a mail, and the mail's subject.
  struct Notice {
    let short: String
    let long: String
    let subject: String
  }

  func notice(_ event: SecurityNotices.Event, at time: Date) -> Notice {
    let day = Self.day(time)
    let what: String
    var details = ""
    switch event {
    case .newLogin(let client):
      what = "new sign-in to your account on \(day)"
      let device = Self.harmless(String(client.userAgent.prefix(60)))
      details = "Address: \(client.address)\nDevice: \(device)\n\n"
    case .passwordChanged: what = "your password was changed on \(day)"
    case .passwordReset: what = "your password was reset by phone on \(day)"
    case .phoneChanged: what = "the phone number of your account was changed on \(day)"
    case .twoFactorEnabled(let factor):
      what = "two-step login by \(Self.name(factor)) was turned on on \(day)"
    case .twoFactorDisabled: what = "two-step login was turned off on \(day)"
    case .backupCodesReplaced: what = "new backup codes were made on \(day)"
    case .backupCodeUsed(let left):
      what = "a backup code was used on \(day), \(left) left"
    case .factorDisabled(let factor):
      what = "codes by \(Self.name(factor)) were switched off on \(day) after too many wrong ones"
      details = "Sign in another way, and set it up again.\n\n"
    case .codesFailing(let factor):
      what = "many wrong codes by \(Self.name(factor)) on \(day)"
      details = "Somebody may know your password. Change it.\n\n"
    }
    let advice = "If this was not you, contact us at once."
    let sentence = what.prefix(1).uppercased() + what.dropFirst()
    return Notice(
      short: "\(product): \(what). \(advice)", long: "\(sentence).\n\n\(details)\(advice)",
      subject: "\(product): \(what)")
  }

  private static func name(_ factor: Factor) -> String {
    switch factor {
    case .sms: "text message"
    case .app: "authenticator app"
    case .backup: "backup code"
    }
  }

  /// A transaction as a text message.
  func text(_ event: TransactionEvent) -> MessageText {
    switch event {
    case .paymentSent(let payment):
      MessageText(
        body:
          "Payment sent: \(payment.money.shown) to \(Self.harmless(payment.party)). Balance: \(payment.balance.shown)"
      )
    case .paymentReceived(let payment):
      MessageText(
        body:
          "You received \(payment.money.shown) from \(Self.harmless(payment.party)). New balance: \(payment.balance.shown)"
      )
    case .lowBalance(let balance, let threshold):
      MessageText(
        body:
          "Low balance alert: your balance is \(balance.shown), below your \(threshold.shown) threshold.\(depositURL.map { " Top up at \($0)" } ?? "")"
      )
    }
  }

  /// The same as mail: a receipt.
  func mail(_ event: TransactionEvent, to account: Account, at time: Date) -> MessageText {
    let what: String
    var lines: [String] = []
    switch event {
    case .paymentSent(let payment):
      what = "Payment of \(payment.money.shown) sent"
      lines = [
        "Amount: \(payment.money.shown)", "To: \(Self.harmless(payment.party))",
        "Balance: \(payment.balance.shown)",
      ]
      payment.transaction.map { lines.append("Transaction: \(Self.harmless($0))") }
    case .paymentReceived(let payment):
      what = "Payment of \(payment.money.shown) received"
      lines = [
        "Amount: \(payment.money.shown)", "From: \(Self.harmless(payment.party))",
        "Balance: \(payment.balance.shown)",
      ]
      payment.transaction.map { lines.append("Transaction: \(Self.harmless($0))") }
    case .lowBalance(let balance, let threshold):
      what = "Your balance is low"
      lines = ["Balance: \(balance.shown)", "Threshold: \(threshold.shown)"]
    }
    lines.append("Date: \(Self.day(time))")
    let greeting = account.name.map { "Dear \(Self.harmless($0)),\n\n" } ?? ""
    return MessageText(
      body: "\(greeting)\(what).\n\n\(lines.joined(separator: "\n"))",
      subject: "\(product): \(what)")
  }

  /// To the account whose number somebody else has proven to hold.
  package func phoneClaimed(_ number: PhoneNumber, at time: Date) -> MessageText {
    MessageText(
      body: """
        On \(Self.day(time)) somebody proved that they hold the phone number \(number.masked), which was verified on your \
        account. Numbers are handed on when a contract ends. The number no longer belongs to your account: it receives no \
        codes for it and cannot reset your password. If it was your only second factor, two-step login is off.

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
