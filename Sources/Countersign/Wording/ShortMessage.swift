/// How long a text message is, as networks count it (3GPP TS 23.038 and 23.040).
///
/// A text of the GSM alphabet is counted in septets: 160 in one segment, 153 in each of several. Any
/// other text is counted in UTF-16 units: 70 and 67, so one curly quote can double the price.
package enum ShortMessage {
  /// How many segments a text takes.
  package static func segments(_ text: String) -> Int {
    if let septets = septets(text) { return septets <= 160 ? 1 : (septets + 152) / 153 }
    let units = text.utf16.count
    return units <= 70 ? 1 : (units + 66) / 67
  }

  /// A text in as few segments as it can be said in: without the accents that the GSM alphabet has not,
  /// when that saves a segment. A text that needs other letters anyway keeps all of them.
  static func cheapest(_ text: String) -> String {
    guard septets(text) == nil else { return text }
    let plain = String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { scalar in
          guard !basic.contains(scalar), !extended.contains(scalar), let base = ICU.base(scalar)
          else { return scalar }
          return base
        }))
    return segments(plain) < segments(text) ? plain : text
  }

  /// Septets of a text; nil when a character is not in the GSM alphabet.
  static func septets(_ text: String) -> Int? {
    var count = 0
    for scalar in text.unicodeScalars {
      if basic.contains(scalar) {
        count += 1
      } else if extended.contains(scalar) {
        count += 2
      } else {
        return nil
      }
    }
    return count
  }

  private static let basic: Set<Unicode.Scalar> = {
    let letters = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà\n\r"
    var scalars = Set(letters.unicodeScalars)
    for range in ["0"..."9", "A"..."Z", "a"..."z"] as [ClosedRange<Unicode.Scalar>] {
      for value in range.lowerBound.value...range.upperBound.value {
        if let scalar = Unicode.Scalar(value) { scalars.insert(scalar) }
      }
    }
    return scalars
  }()

  /// An escape and a character: two septets.
  private static let extended = Set("^{}\\[~]|€\u{0C}".unicodeScalars)
}
