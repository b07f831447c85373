/// An amount of money: a whole number of its currency's smallest units, never a fraction.
package struct Money: Sendable, Equatable {
  /// In minor units: 123456 is 1,234.56 EUR, and 123,456 JPY.
  package let amount: Int
  package let currency: Currency

  package init(amount: Int, _ currency: Currency) {
    self.amount = amount
    self.currency = currency
  }

  /// Grouped by thousands, with the currency's code: `1,234.56 EUR`, `123,456 JPY`. The code, since
  /// a `$` may be any of twenty dollars.
  package var text: String { "\(number) \(currency.code)" }

  /// As its owner knows it, who has one dollar: `$1,234.56`; with the code where there is no sign that
  /// fits a text message's alphabet.
  package var shown: String {
    guard let sign = currency.sign else { return text }
    return amount < 0 ? "-\(sign)\(number.dropFirst())" : "\(sign)\(number)"
  }

  private var number: String {
    var digits = Array(String(amount.magnitude).utf8)
    let decimals = currency.decimals
    while digits.count <= decimals { digits.insert(UInt8(ascii: "0"), at: 0) }
    var text = amount < 0 ? "-" : ""
    let whole = digits.dropLast(decimals)
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index) % 3 == 0 { text += "," }
      text.unicodeScalars.append(Unicode.Scalar(digit))
    }
    if decimals > 0 { text += ".\(String(decoding: digits.suffix(decimals), as: UTF8.self))" }
    return text
  }
}

/// A currency by its ISO 4217 code.
package struct Currency: Sendable, Equatable {
  package let code: String
  /// Digits after the decimal point: two for most, none for the yen, three for the Kuwaiti dinar.
  package let decimals: Int

  /// How its amounts are written in its own country, in English.
  var sign: String? {
    switch code {
    case "USD": "$"
    case "EUR": "€"
    case "GBP": "£"
    case "JPY": "¥"
    default: nil
    }
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
