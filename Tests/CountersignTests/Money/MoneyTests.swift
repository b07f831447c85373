import Testing

@testable import Countersign

@Suite struct `Amounts of money` {
  @Test(
    "an amount has its currency's decimals, and groups of thousands",
    arguments: [
      (123_456, "EUR", "1,234.56 EUR"), (5, "USD", "0.05 USD"), (100, "GBP", "1.00 GBP"),
      (123_456, "JPY", "123,456 JPY"), (1, "JPY", "1 JPY"), (1_234_567, "KWD", "1,234.567 KWD"),
      (999_999_999_999, "CHF", "9,999,999,999.99 CHF"), (-5, "USD", "-0.05 USD"),
      (100_000, "XOF", "100,000 XOF"),
    ])
  func text(amount: Int, code: String, text: String) throws {
    #expect(Money(amount: amount, try #require(Currency(code))).text == text)
  }

  @Test(
    "what ISO 4217 does not list is no currency",
    arguments: ["", "eur", "EURO", "XTS", "XAU", "ÄÖÜ", "US"])
  func unknown(code: String) {
    #expect(Currency(code) == nil)
  }
}
