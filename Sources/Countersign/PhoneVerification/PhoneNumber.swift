import CPhoneNumber
import Synchronization

/// A phone number in its one canonical form, E.164; every way of writing it becomes the same value.
///
/// Read by Google's libphonenumber. Limits, look-ups, and messages all go by `e164`.
package struct PhoneNumber: Sendable, Equatable {
  /// `+` and 8 to 15 ASCII digits.
  package let e164: String
  /// What is known already of its plan; reading one takes longer than all else that is done with
  /// it.
  private var plan: Plan?

  package static func == (left: PhoneNumber, right: PhoneNumber) -> Bool { left.e164 == right.e164 }

  /// The region the number belongs to; `001` when it is none's.
  package var region: String { plan?.region ?? Self.read(e164, region: "ZZ")?.1.region ?? "001" }

  /// The longest text that is looked at; no number is written longer.
  private static let maximumLength = 64

  /// What a numbering plan says of a number.
  package struct Plan: Sendable {
    /// The region the number belongs to, ISO 3166 alpha-2; `001` for numbers of no country, such as
    /// satellite phones.
    package let region: String
    package let kind: Kind
  }

  /// The raw value is stored, in rules.
  package enum Kind: String, CaseIterable, Sendable {
    case mobile
    case fixedLine = "fixed_line"
    case fixedLineOrMobile = "fixed_line_or_mobile"
    case voip
    /// Kinds that cost the sender or the called extra, or take no messages at all: premium rate,
    /// shared cost, toll free, personal, pagers, voicemail, universal access, and what no numbering
    /// plan lists.
    case unsuitable
  }

  /// Reads a number as a person wrote it; a national one in a region.
  ///
  /// Nil when it is no valid number, carries an extension, or is more than one.
  package init?(_ text: String, region: String) {
    guard let (number, _) = Self.read(text, region: region) else { return nil }
    self = number
  }

  /// Reads a number, and what its numbering plan says of it.
  ///
  /// What was read lately is remembered: libphonenumber takes longer than everything else in a request,
  /// and the same text comes again with the code that was sent to it.
  static func read(_ text: String, region: String) -> (PhoneNumber, Plan)? {
    if let known = recent.withLock({ $0["\(region) \(text)"] }) { return known }
    guard let read = parse(text, region: region) else { return nil }
    recent.withLock { recent in
      if recent.count >= 4_096 { recent = [:] }
      recent["\(region) \(text)"] = read
    }
    return read
  }

  private static let recent = Mutex<[String: (PhoneNumber, Plan)]>([:])

  private static func parse(_ text: String, region: String) -> (PhoneNumber, Plan)? {
    guard (1...maximumLength).contains(text.utf8.count),
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
    guard result == 0, let parsed = PhoneNumber(e164: self.text(number.e164)),
      number.is_valid != 0 || parsed.isTwilioMagic
    else { return nil }
    let kind: Kind =
      switch number.type {
      case CPN_MOBILE: .mobile
      case CPN_FIXED_LINE: .fixedLine
      case CPN_FIXED_LINE_OR_MOBILE: .fixedLineOrMobile
      case CPN_VOIP: .voip
      default: .unsuitable
      }
    var known = parsed
    let plan = Plan(region: self.text(number.region), kind: kind)
    known.plan = plan
    return (known, plan)
  }

  /// The number that a row of ours holds; nil unless it has the form.
  ///
  /// It was valid when it was stored, and is not looked up again: numbering plans change, and an
  /// account must not be lost over that.
  package init?(e164: String) {
    guard e164.utf8.first == UInt8(ascii: "+"), (9...16).contains(e164.utf8.count),
      e164.utf8.dropFirst().allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    self.e164 = e164
  }

  // MARK: For people

  /// As shown to its owner: `+1 (954) 234-8040`.
  package var display: String { shown.text }

  /// The display form with every digit of the national number but the last two hidden:
  /// `+1 (•••) •••-••40`.
  package var masked: String {
    let (text, countryCode) = shown
    var digits = e164.utf8.count - 1 - countryCode.utf8.count
    var masked = "+\(countryCode)"
    for character in text.dropFirst(1 + countryCode.utf8.count) {
      if character.isASCII, character.isNumber {
        masked.append(digits > 2 ? "•" : character)
        digits -= 1
      } else {
        masked.append(character)
      }
    }
    return masked
  }

  private var shown: (text: String, countryCode: String) {
    var display = cpn_display()
    let bytes = Array(e164.utf8)
    let result = unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe buffer.withMemoryRebound(to: CChar.self) {
        unsafe cpn_show($0.baseAddress, $0.count, &display)
      }
    }
    guard result == 0 else { return (e164, "") }
    return (Self.text(display.text), String(display.country_code))
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

  /// A keyed hash of a number's last digits.
  func ending(_ digits: String) throws -> [UInt8] {
    Array(try keys.indexMAC(.phoneIndex, [Array("ending".utf8), Array(digits.utf8)]).prefix(4))
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
