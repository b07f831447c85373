import CICU
import Synchronization

/// What only Unicode's locale data knows: how amounts are written, what time it is somewhere, and which
/// letter is under an accent (<https://unicode-org.github.io/icu/>).
enum ICU {
  /// An open formatter. ICU's are immutable, and formatting with one is safe on many threads.
  @safe private final class Formatter: @unchecked Sendable {
    let handle: OpaquePointer

    init(_ handle: OpaquePointer) { unsafe self.handle = unsafe handle }

    deinit { unsafe cicu_close(handle) }
  }

  /// Opening one costs more than a hundred uses of it. There are as many as languages and currencies in use;
  /// where somebody invents more the table is begun anew, and what is in use elsewhere stays as it is.
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
      guard let handle = unsafe cicu_open_currency(locale, code, Int32(decimals)) else {
        return nil
      }
      let formatter = unsafe Formatter(handle)
      if table.count >= maximumFormatters { table = [:] }
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
