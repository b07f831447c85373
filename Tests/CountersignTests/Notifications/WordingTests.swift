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
    #expect(text.hasPrefix("1,234.56 EUR to ACME GmbH: "))
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
    #expect(text.hasPrefix("9,999,999,999.99 EUR to \(payee.prefix(4))"))
    #expect(text.contains("...: your Countersign code is 123456."))
    #expect(ShortMessage.segments(text) == 2)
  }

  @Test(
    "a payee's name makes no link and no line of its own",
    arguments: [
      ("Evil http://evil.com/x", "Evil http   evil com x"), ("a.b", "a b"),
      ("ACME Inc.", "ACME Inc."), ("St. Mary", "St. Mary"),
      ("x @bank.com #111111", "x  bank com  111111"),
    ])
  func links(payee: String, shown: String) throws {
    let text = try wording().transferCode("123456", details(payee), minutes: 5).body
    #expect(text.hasPrefix("1,234.56 EUR to \(shown): your"))
  }

  @Test("the code of every purpose fits one segment")
  func purposes() throws {
    for purpose in [
      Challenge.Purpose.login, .transfer, .passwordChange, .phoneChange, .disableTwoFactor,
      .backupCodes, .factorChange, .enableTwoFactor,
      Challenge.Purpose(rawValue: String(repeating: "w", count: 32)),
    ] {
      let text = try wording().code(
        "000000", Wording.CodePurpose(purpose, isOfHost: true), minutes: 5
      ).body
      #expect(ShortMessage.segments(text) == 1, "\(text)")
    }
  }

  @Test("every notice fits two segments of the GSM alphabet")
  func notices() throws {
    let client = ClientDescription(userAgent: "Browser 1.0", address: "192.0.2.1")
    for event in [
      SecurityNotices.Event.newLogin(client), .passwordChanged, .phoneChanged,
      .twoFactorEnabled(.app), .twoFactorDisabled, .backupCodeUsed(left: 3),
      .backupCodesReplaced, .passwordReset, .factorDisabled(.sms),
      .codesFailing(.backup),
    ] {
      let text = try wording().notice(event, at: .now).short
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
