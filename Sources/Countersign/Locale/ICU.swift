import CICU
import Synchronization

/// What only Unicode's locale data knows: how amounts are written, what time it is somewhere, and which
/// letter is under an accent (<https://unicode-org.github.io/icu/>).
enum ICU {
  /// An open formatter. ICU's are immutable, and formatting with one is safe on many threads.
  @safe private struct Formatter: @unchecked Sendable {
    let handle: OpaquePointer
  }

  /// Opening one costs more than a hundred uses of it. They live as long as the process: there are as many
  /// as languages and currencies in use, and a caller that invents locales finds the table full.
  private static let formatters = Mutex<[String: Formatter]>([:])
  private static let maximumFormatters = 1_024

  /// An amount as a language writes it, with a sign of its currency that means no other there.
  ///
  /// - Parameters:
  ///   - number: a decimal number, such as `-1234.56`; never through floating point.
  ///   - decimals: digits after the point, nought to three.
  /// - Returns: nil when ICU cannot.
  static func currency(_ number: String, _ code: String, decimals: Int, locale: String) -> String? {
    let key = "\(locale) \(code)"
    let known = formatters.withLock { table -> Formatter? in
      if let formatter = table[key] { return formatter }
      guard table.count < maximumFormatters,
        let handle = unsafe cicu_open_currency(locale, code, Int32(decimals))
      else { return nil }
      let formatter = unsafe Formatter(handle: handle)
      table[key] = formatter
      return formatter
    }
    guard let known else { return nil }
    var text = [CChar](repeating: 0, count: 256)
    let count = unsafe cicu_format(
      known.handle, number, Int32(number.utf8.count), &text, Int32(text.count))
    guard count > 0 else { return nil }
    return String(decoding: text.prefix(Int(count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The letter under a letter's marks: `e` of `é`; nil where there is none.
  static func base(_ letter: Unicode.Scalar) -> Unicode.Scalar? {
    let base = cicu_base(Int32(letter.value))
    return base > 0 ? Unicode.Scalar(UInt32(base)) : nil
  }

  /// How far a time zone is ahead of UTC at a time, in seconds; nil for a name that the IANA database
  /// does not have.
  static func offset(of zone: String, secondsSince1970 time: Double) -> Int? {
    guard zone.utf8.allSatisfy({ (0x21..<0x7F).contains($0) }) else { return nil }
    let offset = unsafe cicu_zone_offset(zone, time * 1_000)
    return offset == .min ? nil : Int(offset)
  }
}
