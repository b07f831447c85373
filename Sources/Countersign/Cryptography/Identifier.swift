package import FoundationEssentials

/// The id of one row, typed by what it names: a UUID of version 7 (RFC 9562 section 5.7).
///
/// It begins with the time, so that new rows land beside each other in their index. It names, and
/// never proves: knowing an id opens nothing.
package struct Identifier<Subject>: Hashable, Sendable {
  package let bytes: [UInt8]

  /// A new id at a time.
  package init(at now: Date) {
    let milliseconds = UInt64(max(0, now.timeIntervalSince1970 * 1000))
    var bytes = Random.bytes(16)
    for index in 0..<6 {
      bytes[index] = UInt8(truncatingIfNeeded: milliseconds >> UInt64(8 * (5 - index)))
    }
    bytes[6] = bytes[6] & 0x0F | 0x70
    bytes[8] = bytes[8] & 0x3F | 0x80
    self.bytes = bytes
  }

  /// The id that a row holds; nil unless it is 16 bytes.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    self.bytes = bytes
  }

  /// The id that a caller wrote, as 36 characters of lower or upper case hexadecimal with hyphens.
  package init?(_ text: String) {
    guard text.utf8.count == 36, let uuid = UUID(uuidString: text) else { return nil }
    self.bytes = unsafe withUnsafeBytes(of: uuid.uuid) { unsafe Array($0) }
  }
}

extension Identifier: CustomStringConvertible {
  package var description: String {
    var text: [UInt8] = []
    for (index, byte) in bytes.enumerated() {
      if index == 4 || index == 6 || index == 8 || index == 10 { text.append(UInt8(ascii: "-")) }
      text.append(Hexadecimal.digit(byte >> 4))
      text.append(Hexadecimal.digit(byte & 0xF))
    }
    return String(decoding: text, as: UTF8.self)
  }
}

extension Identifier: Encodable {
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// Bytes as lower-case hexadecimal text.
package enum Hexadecimal {
  static func digit(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
  }

  package static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digit(byte >> 4))
      text.append(digit(byte & 0xF))
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes that hexadecimal text stands for; nil when it is not that.
  package static func decode(_ text: Substring) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2), digits.allSatisfy(isDigit) else { return nil }
    func value(_ digit: UInt8) -> UInt8 { digit < 0x3A ? digit - 0x30 : (digit | 0x20) - 0x57 }
    return stride(from: 0, to: digits.count, by: 2).map {
      value(digits[$0]) << 4 | value(digits[$0 + 1])
    }
  }

  static func isDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}
