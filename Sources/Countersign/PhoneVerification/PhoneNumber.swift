import CPhoneNumber

/// A phone number in its one canonical form, E.164; every way of writing it becomes the same value.
///
/// Read by Google's libphonenumber. Limits, look-ups, and messages all go by `e164`.
package struct PhoneNumber: Sendable, Equatable {
  /// `+` and 8 to 15 ASCII digits.
  package let e164: String
  /// The region the number belongs to, ISO 3166 alpha-2; `001` for numbers of no country, such as
  /// satellite phones.
  package let region: String
  package let kind: Kind
  /// As shown to its owner: `+1 (954) 234-8040`.
  package let display: String
  private let countryCode: String

  package enum Kind: Sendable {
    case mobile, fixedLine, fixedLineOrMobile, voip
    /// Kinds that cost the sender or the called extra, or take no messages at all: premium rate,
    /// shared cost, toll free, personal, pagers, voicemail, universal access, and what no numbering
    /// plan lists.
    case unsuitable
  }

  /// The longest text that is looked at; no number is written longer.
  private static let maximumLength = 64

  /// Reads a number as a person wrote it; a national one in a region.
  ///
  /// Nil when it is no valid number, carries an extension, or is more than one.
  package init?(_ text: String, region: String) {
    self.init(text, region: region, mustBeValid: true)
  }

  private init?(_ text: String, region: String, mustBeValid: Bool) {
    guard (1...Self.maximumLength).contains(text.utf8.count),
      text.utf8.allSatisfy({
        $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: ";")
      })
    else { return nil }
    // 00 is how most of the world dials abroad. Where it is not, it begins no number either.
    var written = Substring(text)
    while written.first == " " { written.removeFirst() }
    if written.hasPrefix("00") { written = "+" + written.dropFirst(2) }
    var number = cpn_number()
    let bytes = Array(written.utf8)
    let result = unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe buffer.withMemoryRebound(to: CChar.self) {
        unsafe cpn_parse($0.baseAddress, $0.count, region, &number)
      }
    }
    guard result == 0 else { return nil }
    let e164 = Self.text(number.e164)
    guard number.is_valid != 0 || !mustBeValid || Self.isTwilioMagic(e164) else { return nil }
    guard e164.utf8.first == UInt8(ascii: "+"), (9...16).contains(e164.utf8.count),
      e164.utf8.dropFirst().allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    self.e164 = e164
    self.region = Self.text(number.region)
    countryCode = String(number.country_code)
    kind =
      switch number.type {
      case CPN_MOBILE: .mobile
      case CPN_FIXED_LINE: .fixedLine
      case CPN_FIXED_LINE_OR_MOBILE: .fixedLineOrMobile
      case CPN_VOIP: .voip
      default: .unsuitable
      }
    display =
      number.country_code == 1
      ? "+1 \(Self.text(number.national))" : Self.text(number.international)
  }

  /// The number that a row of ours holds. It was valid when it was stored; numbering plans change, and
  /// an account must not be lost over that.
  package init?(e164: String) {
    self.init(e164, region: "ZZ", mustBeValid: false)
  }

  /// The display form with every digit of the national number but the last two hidden: `+1 (•••)
  /// •••-••40`.
  package var masked: String {
    var masked = ""
    var digits = e164.utf8.count - 1
    let visible = 2
    let hidden = digits - countryCode.utf8.count
    digits = hidden
    for character in display.dropFirst(1 + countryCode.count) {
      if character.isASCII, character.isNumber {
        masked.append(digits > visible ? "•" : character)
        digits -= 1
      } else {
        masked.append(character)
      }
    }
    return "+\(countryCode)\(masked)"
  }

  /// The numbers that Twilio answers in a fixed way under test credentials, and our sandbox too.
  package var isTwilioMagic: Bool { Self.isTwilioMagic(e164) }

  private static func isTwilioMagic(_ e164: String) -> Bool {
    e164.hasPrefix("+1500555000") && e164.utf8.count == 12
  }

  /// True when libphonenumber knows the region.
  package static func isRegion(_ text: String) -> Bool {
    unsafe text.utf8.count == 2 && cpn_is_region(text) != 0
  }

  /// The text of one of the C struct's fields, which end with a NUL.
  private static func text<Field>(_ field: Field) -> String {
    unsafe withUnsafeBytes(of: field) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}

/// Which numbers messages may go to at all, decided before anything is counted or sent.
package struct Destinations: Sendable {
  private let countries: Configuration.AllowedCountries
  private let allowsMagicNumbers: Bool

  package init(_ configuration: Configuration) {
    countries = configuration.allowedCountries
    allowsMagicNumbers = configuration.twilio.isSandbox
  }

  /// Reads a number that a caller sent, and refuses those that must not be sent to.
  ///
  /// - Throws: `invalid_field` when it is no number; `phone_not_allowed` for premium, shared-cost,
  ///   satellite, and other unsuitable ranges, and for countries outside the configured ones. The
  ///   country is the number's own: +1 is shared by more than twenty.
  package func number(_ text: String, region: String) throws(Rejection) -> PhoneNumber {
    guard let number = PhoneNumber(text, region: region) else {
      throw Rejection(.invalidField, field: "phoneNumber")
    }
    if number.isTwilioMagic, allowsMagicNumbers { return number }
    guard number.kind != .unsuitable, number.region != "001", countries.contains(number.region)
    else {
      throw Rejection(.phoneNotAllowed, field: "phoneNumber")
    }
    return number
  }
}

/// How numbers are stored: sealed for the row that holds them, and hashed for look-ups.
package struct PhoneVault: Sendable {
  private let keys: KeyRing

  package init(_ keys: KeyRing) {
    self.keys = keys
  }

  /// The keyed hash under which a number is looked up: nobody who reads the database can try all
  /// numbers.
  package func hash(_ number: PhoneNumber) throws -> [UInt8] {
    try keys.indexMAC(.phoneIndex, [Array(number.e164.utf8)])
  }

  /// - Parameter context: the table, the column, and the row's key.
  package func seal(_ number: PhoneNumber, context: [UInt8]) throws -> [UInt8] {
    try keys.seal(Array(number.e164.utf8), .phone, context: context)
  }

  /// - Throws: `KeyRing.CannotOpen` also when what was sealed is no number.
  package func open(_ sealed: [UInt8], context: [UInt8]) throws -> PhoneNumber {
    let bytes = try keys.open(sealed, .phone, context: context)
    guard let number = PhoneNumber(e164: String(decoding: bytes, as: UTF8.self)) else {
      throw KeyRing.CannotOpen()
    }
    return number
  }
}
