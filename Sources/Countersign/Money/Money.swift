/// An amount of money: a whole number of its currency's smallest units, never a fraction.
package struct Money: Sendable, Equatable {
  /// In minor units: 123456 is 1,234.56 EUR, and 123,456 JPY.
  package let amount: Int
  package let currency: Currency

  package init(amount: Int, _ currency: Currency) {
    self.amount = amount
    self.currency = currency
  }

  /// As a language writes it: `$1,234.56`, `1.234,56 €`. The currency's sign is one that means no other
  /// there: of Canada's dollars English writes `CA$`, and Canadian English `$`.
  ///
  /// Spaces are plain ones: a text message with a no-break space would cost twice as much.
  package func text(in language: Language) -> String {
    let text = ICU.currency(
      number, currency.code, decimals: currency.decimals, locale: language.locale)
    guard let text else { return plain }
    return String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { ["\u{A0}", "\u{202F}"].contains($0) ? " " : $0 }))
  }

  /// As a machine writes it, in every language alike: `1234.56 EUR`.
  var plain: String { "\(number) \(currency.code)" }

  /// A decimal number: `-1234.56`.
  var number: String {
    var digits = String(amount.magnitude)
    let decimals = currency.decimals
    if digits.utf8.count <= decimals {
      digits = String(repeating: "0", count: decimals + 1 - digits.utf8.count) + digits
    }
    let whole = digits.dropLast(decimals)
    return
      "\(amount < 0 ? "-" : "")\(whole)\(decimals > 0 ? ".\(digits.suffix(decimals))" : "")"
  }
}

/// A currency by its ISO 4217 code.
package struct Currency: Sendable, Equatable {
  package let code: String
  /// Digits after the decimal point: two for most, none for the yen, three for the Kuwaiti dinar.
  package let decimals: Int

  static let dollar = Currency(code: "USD", decimals: 2)

  private init(code: String, decimals: Int) {
    self.code = code
    self.decimals = decimals
  }

  /// Nil for a code that ISO 4217 does not list as money in use.
  package init?(_ code: String) {
    guard code.utf8.count == 3, let decimals = Self.decimals[code] else { return nil }
    self.code = code
    self.decimals = decimals
  }

  /// ISO 4217, list one (August 2026), without funds codes, metals, and test codes.
  private static let decimals: [String: Int] = {
    let byDecimals = [
      0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
      2: """
      AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP \
      CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR \
      IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN \
      NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP \
      STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWG
      """,
      3: "BHD IQD JOD KWD LYD OMR TND",
    ]
    var decimals: [String: Int] = [:]
    for (count, codes) in byDecimals {
      for code in codes.split(separator: " ") { decimals[String(code)] = count }
    }
    return decimals
  }()
}
