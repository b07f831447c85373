package import FoundationEssentials

/// What messages say, in the language of whom they are for.
///
/// A text message takes as few segments as its language allows: a code fits one, and accents go where
/// they alone would double the price.
package struct Wording: Sendable {
  let product: String
  let depositURL: String?
  private let host: String

  package init(_ configuration: Configuration) {
    self.init(
      product: configuration.productName, host: configuration.publicBaseURL.host,
      depositURL: configuration.depositURL)
  }

  /// - Parameter host: what the last line of a code's text binds it to.
  package init(product: String, host: String, depositURL: String?) {
    self.product = product
    self.host = host
    self.depositURL = depositURL
  }

  /// A text by its name; nil where there is none in any language.
  func text(_ name: String, _ language: Language, _ values: [String: String]) -> String? {
    var values = values
    values["product"] = product
    return Catalogue.find(name, language)?.filled(values)
  }

  /// A text that there is in every language.
  func required(_ name: String, _ language: Language, _ values: [String: String] = [:]) -> String {
    guard let text = text(name, language, values) else {
      preconditionFailure("there is no text \(name)")
    }
    return text
  }

  /// What a code is for, as its text says it.
  package struct CodePurpose: Sendable {
    fileprivate let name: String
    /// The host's own word.
    fileprivate var word: String?

    package static let verifyPhone = CodePurpose(name: "verify_phone")
    package static let confirm = CodePurpose(name: "confirm")
    package static let signIn = CodePurpose(name: "sign_in")
    package static let resetPassword = CodePurpose(name: "reset_password")
    static let enableTwoFactor = CodePurpose(name: "enable_two_factor")

    private init(name: String) {
      self.name = name
    }

    /// What a challenge is for; the host's own word as it is, with spaces. A word that somebody's session
    /// made up is not repeated in our name.
    init(_ purpose: Challenge.Purpose, isOfHost: Bool) {
      switch purpose {
      case .login: self = .signIn
      case .enableTwoFactor: self = .enableTwoFactor
      case .transfer: name = "transfer"
      case .passwordChange: name = "password_change"
      case .phoneChange: name = "phone_change"
      case .disableTwoFactor: name = "disable_two_factor"
      case .backupCodes: name = "backup_codes"
      case .factorChange: name = "factor_change"
      case _ where !isOfHost: self = .confirm
      default:
        name = "of_host"
        word = String(purpose.rawValue.map { "_-.".contains($0) ? " " : $0 })
      }
    }
  }

  private func words(_ purpose: CodePurpose, _ language: Language) -> String {
    required("purpose.\(purpose.name)", language, purpose.word.map { ["word": $0] } ?? [:])
  }

  /// The text of a code. Its last line binds the code to our host, for browsers that fill it in
  /// (<https://wicg.github.io/sms-one-time-codes/>).
  package func code(
    _ code: String, _ purpose: CodePurpose, minutes: Int, _ language: Language = .english
  ) -> MessageText {
    let values = [
      "code": code, "purpose": words(purpose, language), "minutes": String(minutes),
    ]
    let ending = "\n\n@\(host) #\(code)"
    let full = ShortMessage.cheapest(required("code.sms", language, values) + ending)
    guard ShortMessage.segments(full) > 1 else { return MessageText(body: full) }
    let brief = ShortMessage.cheapest(required("code.sms.brief", language, values) + ending)
    return MessageText(
      body: ShortMessage.segments(brief) < ShortMessage.segments(full) ? brief : full)
  }

  /// The same as mail, which has room for what to do with it.
  package func mailedCode(
    _ code: String, _ purpose: CodePurpose, minutes: Int, _ language: Language = .english
  ) -> MessageText {
    mail(
      "code", language,
      ["code": code, "purpose": words(purpose, language), "minutes": String(minutes)])
  }

  /// The same, to be read out: the digits apart, and twice.
  package func spokenCode(
    _ code: String, _ purpose: CodePurpose, _ language: Language = .english
  ) -> MessageText {
    MessageText(
      body: required(
        "code.call", language,
        ["code": Self.spoken(code), "purpose": words(purpose, language)]),
      language: language.code)
  }

  private static func spoken(_ code: String) -> String {
    code.map(String.init).joined(separator: ", ")
  }

  /// The text of a code that confirms a payment: what is paid and to whom before the code, in two
  /// segments at most. A long name is cut, and never the amount.
  package func transferCode(
    _ code: String, _ details: TransactionDetails, minutes: Int, _ language: Language = .english
  ) -> MessageText {
    func text(_ payee: String) -> String {
      let values = [
        "amount": details.money.text(in: language), "payee": payee, "code": code,
        "minutes": String(minutes),
      ]
      return ShortMessage.cheapest(
        required("transfer.sms", language, values) + "\n\n@\(host) #\(code)")
    }
    let payee = details.payee.harmless
    var kept = payee[...]
    var body = text(payee)
    while ShortMessage.segments(body) > 2, !kept.isEmpty {
      kept.removeLast()
      body = text("\(kept)...")
    }
    return MessageText(body: body)
  }

  /// The same, to be read out.
  package func spokenTransferCode(
    _ code: String, _ details: TransactionDetails, _ language: Language = .english
  ) -> MessageText {
    MessageText(
      body: required(
        "transfer.call", language,
        [
          "amount": details.money.text(in: language), "payee": details.payee.harmless,
          "code": Self.spoken(code),
        ]), language: language.code)
  }

  // MARK: Telling of events

  /// An event as a text message.
  func text(_ event: AccountEvent, _ language: Language, at time: Date) -> MessageText {
    var values = values(event, language, at: time)
    values["advice"] = required("advice", language)
    var text = required("\(event.kind.rawValue).sms", language, values)
    if let deposit = depositURL,
      let more = self.text("\(event.kind.rawValue).sms.deposit", language, ["deposit": deposit])
    {
      text += " \(more)"
    }
    return MessageText(body: ShortMessage.cheapest(text))
  }

  /// An event as mail.
  func mail(_ event: AccountEvent, to account: Account, at time: Date) -> MessageText {
    mail(event, name: account.name, account.language, at: time)
  }

  func mail(
    _ event: AccountEvent, name: String?, _ language: Language, at time: Date
  ) -> MessageText {
    var values = values(event, language, at: time)
    values["userName"] = name?.harmless
    return mail(event.kind.rawValue, language, values, event: event.kind)
  }

  private func mail(
    _ name: String, _ language: Language, _ values: [String: String],
    event: AccountEvent.Kind? = nil
  ) -> MessageText {
    var filling = values
    filling["advice"] = required("advice", language)
    let mail = Mail(
      filled: required("\(name).mail", language, filling), language, event: event?.rawValue,
      values: values)
    return MessageText(
      body: mail.plain, subject: required("\(name).subject", language, filling), mail: mail)
  }

  /// How a mail says that it can be ended.
  func unsubscribe(_ url: String, _ language: Language) -> Mail.Unsubscribe {
    Mail.Unsubscribe(url: url, label: required("mail.unsubscribe", language))
  }

  /// To the account whose number somebody else has proven to hold.
  package func phoneClaimed(
    _ number: PhoneNumber, at time: Date, _ language: Language
  ) -> MessageText {
    mail("phone_claimed", language, ["date": Self.day(time), "phone": number.masked])
  }

  /// The values of an event's texts, as people read them.
  private func values(
    _ event: AccountEvent, _ language: Language, at time: Date
  ) -> [String: String] {
    var values = ["date": Self.day(time)]
    switch event {
    case .paymentSent(let payment), .paymentReceived(let payment):
      values["amount"] = payment.money.text(in: language)
      values["balance"] = payment.balance.text(in: language)
      values[event.kind == .paymentSent ? "recipient" : "sender"] = payment.party.harmless
      values["transactionId"] = payment.transaction?.harmless
    case .lowBalance(let balance, let threshold):
      values["balance"] = balance.text(in: language)
      values["threshold"] = threshold.text(in: language)
    case .security(let security):
      switch security {
      case .newLogin(let client):
        if !client.address.isEmpty { values["address"] = client.address }
        if !client.userAgent.isEmpty {
          values["device"] = String(client.userAgent.prefix(60)).harmless
        }
      case .twoFactorEnabled(let factor), .factorDisabled(let factor), .codesFailing(let factor):
        values["factor"] = required("factor.\(factor.rawValue)", language)
      case .backupCodeUsed(let left): values["left"] = String(left)
      case .passwordChanged, .passwordReset, .passwordResetForced, .phoneChanged,
        .twoFactorDisabled,
        .backupCodesReplaced:
        break
      }
    }
    return values
  }

  /// A day and minute in UTC: `2026-01-31 09:05 UTC`.
  private static func day(_ time: Date) -> String {
    let text = time.rfc3339
    return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5)) UTC"
  }
}
