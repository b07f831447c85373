import FoundationEssentials
import TestSupport
import Testing

@testable import Countersign

@Suite struct `What messages say` {
  private func wording() throws -> Wording {
    Wording(
      try testConfiguration(
        DatabaseLocation(socket: "/none", user: "u", password: Secret(""), database: "d")))
  }

  private func details(_ payee: String, _ amount: Int = 123_456) throws -> TransactionDetails {
    try TransactionDetails(amount: amount, currency: "EUR", payee: payee, reference: nil)
  }

  @Test("a code that confirms a payment names its amount and its payee before the code")
  func transfer() throws {
    let text = try wording().transferCode("123456", details("ACME GmbH"), minutes: 5).body
    #expect(text.hasPrefix("€1,234.56 to ACME GmbH: "))
    #expect(text.hasSuffix("\n\n@auth.example.com #123456"))
    #expect(ShortMessage.segments(text) == 1)
  }

  @Test(
    "a long name is cut, the amount and the code never are, and two segments are enough",
    arguments: [
      String(repeating: "Очень длинное имя ", count: 7),
      String(repeating: "長い名前の会社", count: 20), String(repeating: "€", count: 140),
    ])
  func longPayee(payee: String) throws {
    let text = try wording().transferCode(
      "123456", details(payee, 999_999_999_999), minutes: 5
    ).body
    #expect(text.hasPrefix("€9,999,999,999.99 to \(payee.prefix(4))"))
    #expect(text.contains("...: your Countersign code is 123456."))
    #expect(ShortMessage.segments(text) == 2)
  }

  @Test(
    "a payee's name makes no link and no line of its own",
    arguments: [
      ("Evil http://evil.com/x", "Evil http   evil com x"), ("a.b", "a b"),
      ("ACME Inc.", "ACME Inc."), ("St. Mary", "St. Mary"),
      ("x @bank.com #111111", "x  bank com  111111"),
      ("évil\u{3002}com", "évil com"), ("ｅｖｉｌ\u{FF0E}ｃｏｍ", "ｅｖｉｌ ｃｏｍ"), ("👍", "-"),
      ("Bob 👍", "Bob"),
      // Characters that a mark hides from a look at letters.
      ("a.\u{FE0E}b", "a b"), ("evil\u{D4E}.com", "evil\u{D4E} com"),
    ])
  func links(payee: String, shown: String) throws {
    let text = try wording().transferCode("123456", details(payee), minutes: 5).body
    #expect(text.hasPrefix("€1,234.56 to \(shown): your"))
  }

  @Test(
    "the code of every purpose fits one segment in every language", arguments: Catalogue.languages)
  func purposes(language: String) throws {
    for purpose in [
      Challenge.Purpose.login, .transfer, .passwordChange, .phoneChange, .disableTwoFactor,
      .backupCodes, .factorChange, .enableTwoFactor,
      Challenge.Purpose(rawValue: String(repeating: "w", count: 32)),
    ] {
      let text = try wording().code(
        "000000", Wording.CodePurpose(purpose, isOfHost: true), minutes: 5, Language(language)
      ).body
      #expect(ShortMessage.segments(text) == 1, "\(text)")
      #expect(text.contains("000000") && text.hasSuffix("\n\n@auth.example.com #000000"))
      #expect(text.hasPrefix("Countersign"))
    }
  }

  @Test("every language has every text, with the same values in it", arguments: Catalogue.languages)
  func complete(language: String) throws {
    #expect(Catalogue.names(in: language) == Catalogue.names(in: "en"))
    for name in Catalogue.names(in: "en") {
      let own = try #require(Catalogue.find(name, Language(language)))
      let english = try #require(Catalogue.find(name, .english))
      // A brief text may do without what a code is for, and a subject without its time.
      #expect(
        own.names.symmetricDifference(english.names).subtracting(["date", "purpose", "factor"])
          .isEmpty,
        "\(language) \(name)")
    }
  }

  @Test(
    "every notice and receipt takes two segments at most, in every language",
    arguments: Catalogue.languages)
  func allNotices(language: String) throws {
    for event in try allEvents() {
      let text = try wording().text(event, Language(language), at: .now).body
      #expect(ShortMessage.segments(text) <= 2, "\(text)")
      #expect(!text.contains("{") && !text.contains("://"), "\(text)")
    }
  }

  private func allEvents() throws -> [AccountEvent] {
    let usd = try #require(Currency("USD"))
    let payment = try AccountEvent.payment(
      amount: 12_345, usd, party: "Bob Stone", partyField: "recipient", balance: 100_000,
      transaction: "t-1")
    let security: [SecurityEvent] = [
      .newLogin(ClientDescription(userAgent: "Browser 1.0", address: "192.0.2.1")),
      .passwordChanged, .phoneChanged, .twoFactorEnabled(.app), .twoFactorDisabled,
      .backupCodeUsed(left: 3), .backupCodesReplaced, .passwordReset, .passwordResetForced,
      .factorDisabled(.sms),
      .codesFailing(.backup),
    ]
    return [
      .paymentSent(payment), .paymentReceived(payment),
      .lowBalance(
        balance: Money(amount: 900, usd), threshold: Money(amount: 1_000, usd)),
    ] + security.map(AccountEvent.security)
  }

  @Test("a top-up address stands at the end of a low balance, where there is one")
  func deposit() throws {
    let usd = try #require(Currency("USD"))
    let event = try AccountEvent.lowBalance(balance: 900, threshold: 1_000, usd)
    let wording = Wording(
      product: "Countersign", host: "h", depositURL: "https://pay.example/top-up")
    #expect(
      wording.text(event, .english, at: .now).body
        == "Low balance alert: your balance is $9.00, below your $10.00 threshold. Top up at https://pay.example/top-up"
    )
  }

  @Test("accents go only where they cost a segment, and never from letters that have no cousin")
  func cheapest() {
    let short = "Su código: ó"
    #expect(ShortMessage.cheapest(short) == short)
    let long = String(repeating: "código ", count: 12)
    #expect(ShortMessage.cheapest(long) == String(repeating: "codigo ", count: 12))
    let mixed = String(repeating: "código ", count: 12) + "ኮድ"
    #expect(ShortMessage.cheapest(mixed) == mixed)
    // In the alphabet already.
    #expect(ShortMessage.cheapest(String(repeating: "è", count: 100)).contains("è"))
  }

  @Test(
    "what people choose is escaped in a mail's HTML, and makes no link in any form",
    arguments: [
      "<script>alert(1)</script>", "=HYPERLINK(\"http://evil.example\")",
      "\"><img src=x onerror=y>",
      "a&b", "{balance}",
    ])
  func escaping(name: String) throws {
    let usd = try #require(Currency("USD"))
    let payment = try AccountEvent.payment(
      amount: 1, usd, party: name, partyField: "recipient", balance: 2, transaction: nil)
    let values = ["amount": "$0.01", "recipient": payment.party.harmless, "balance": "$0.02"]
    let template = try #require(Catalogue.find("payment_sent.mail", .english))
    let mail = Mail(filled: template.filled(values), .english)
    let html = mail.html(subject: "s", product: "p")
    #expect(!html.contains("<script") && !html.contains("<img") && !html.contains("://evil"))
    #expect(!html.contains("<a "))
    #expect(!mail.plain.contains("://") && !mail.plain.contains("evil.example"))
    let text = try wording().text(.paymentSent(payment), .english, at: .now).body
    #expect(text.hasSuffix("Balance: $0.02") && !text.contains("evil.example"))
  }

  @Test("every notice fits two segments of the GSM alphabet")
  func notices() throws {
    let client = ClientDescription(userAgent: "Browser 1.0", address: "192.0.2.1")
    for event in [
      SecurityEvent.newLogin(client), .passwordChanged, .phoneChanged,
      .twoFactorEnabled(.app), .twoFactorDisabled, .backupCodeUsed(left: 3),
      .backupCodesReplaced, .passwordReset, .passwordResetForced, .factorDisabled(.sms),
      .codesFailing(.backup),
    ] {
      let text = try wording().text(.security(event), .english, at: .now).body
      #expect(ShortMessage.septets(text) != nil && ShortMessage.segments(text) <= 2, "\(text)")
    }
  }

  @Test(
    "segments are counted as networks do",
    arguments: [
      (String(repeating: "a", count: 160), 1), (String(repeating: "a", count: 161), 2),
      (String(repeating: "a", count: 306), 2), (String(repeating: "a", count: 307), 3),
      (String(repeating: "€", count: 80), 1), (String(repeating: "€", count: 81), 2),
      (String(repeating: "ж", count: 70), 1), (String(repeating: "ж", count: 71), 2),
      (String(repeating: "😀", count: 36), 2),
    ])
  func segments(text: String, count: Int) {
    #expect(ShortMessage.segments(text) == count)
  }
}

@Suite struct `The details of a payment` {
  private func details(
    _ amount: Int = 1, _ currency: String = "EUR", _ payee: String = "A",
    _ reference: String? = nil
  ) throws -> TransactionDetails {
    try TransactionDetails(
      amount: amount, currency: currency, payee: payee, reference: reference)
  }

  @Test("any change of them is another hash")
  func hash() throws {
    let all = [
      try details(), try details(2), try details(1, "USD"), try details(1, "EUR", "B"),
      try details(1, "EUR", "A", "x"), try details(1, "EUR", "a"), try details(1, "EUR", "A "),
      // The same to a reader, and other bytes.
      try details(1, "EUR", "é"), try details(1, "EUR", "e\u{301}"),
    ]
    #expect(Set(all.map(\.hash)).count == all.count)
    #expect(try details().hash == details().hash)
  }

  @Test("what is stored is read back the same")
  func storing() throws {
    let details = try details(123_456, "EUR", "ACME \"GmbH\" 長", "invoice 1")
    let read = try JSONDecoder().decode(
      TransactionDetails.self, from: JSONEncoder().encode(details))
    #expect(read == details && read.hash == details.hash)
  }

  @Test("an amount outside 1 to 999,999,999,999, or a payee that hides something, is refused")
  func refused() {
    for amount in [0, -1, 1_000_000_000_000, .min, .max] {
      #expect(throws: Rejection.self) { try details(amount) }
    }
    for payee in [
      "", " ", String(repeating: "x", count: 141), "a\nb", "a\r\nb", "a\u{202E}b", "a\u{200B}b",
      "a\u{2028}b", "a\u{0}b", "\u{FEFF}a",
    ] {
      #expect(throws: Rejection.self) { try details(1, "EUR", payee) }
      #expect(throws: Rejection.self) { try details(1, "EUR", "A", payee) }
    }
  }
}
