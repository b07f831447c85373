import Testing

@testable import Countersign

@Suite struct `Amounts of money` {
  @Test(
    "an amount has its currency's decimals, and is written as its reader's language writes it",
    arguments: [
      (123_456, "EUR", "en", "€1,234.56"), (5, "USD", "en", "$0.05"), (100, "GBP", "en", "£1.00"),
      (123_456, "JPY", "en", "¥123,456"), (1, "JPY", "en", "¥1"),
      (1_234_567, "KWD", "en", "KWD 1,234.567"), (-5, "USD", "en", "-$0.05"),
      (999_999_999_999, "CHF", "en", "CHF 9,999,999,999.99"),
      (100_000, "XOF", "en", "F CFA 100,000"),
      (123_456, "CAD", "en", "CA$1,234.56"), (123_456, "CAD", "en-CA", "$1,234.56"),
      (123_456, "EUR", "de", "1.234,56 €"), (123_456, "USD", "fr", "1 234,56 $US"),
      (123_456, "BRL", "pt-BR", "R$ 1.234,56"), (123_456, "EUR", "es", "1234,56 €"),
      (123_456, "ETB", "am", "ብር 1,234.56"), (123_456, "IQD", "en", "IQD 123.456"),
      // There are no texts in Arabic: English ones, with English digits.
      (123_456, "EUR", "ar-EG", "€1,234.56"),
    ])
  func text(amount: Int, code: String, locale: String, text: String) throws {
    let money = Money(amount: amount, try #require(Currency(code)))
    #expect(money.text(in: Language(locale)) == text)
  }

  @Test(
    "what ISO 4217 does not list is no currency",
    arguments: ["", "eur", "EURO", "XTS", "XAU", "ÄÖÜ", "US"])
  func unknown(code: String) {
    #expect(Currency(code) == nil)
  }
}
