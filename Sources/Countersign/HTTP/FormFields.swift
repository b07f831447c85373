/// The fields of an `application/x-www-form-urlencoded` body or a query, decoded, in the order sent
/// (WHATWG URL Standard, section 5.1).
package struct FormFields: Sendable {
  package let pairs: [(name: String, value: String)]

  /// Decodes; nil when a percent sign is not followed by two hexadecimal digits or the result is
  /// not UTF-8.
  package init?(parsing bytes: [UInt8]) {
    var pairs: [(name: String, value: String)] = []
    for pair in bytes.split(separator: UInt8(ascii: "&")) {
      let halves = pair.split(
        separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decode(halves[0]),
        let value = halves.count == 2 ? Self.decode(halves[1]) : ""
      else { return nil }
      pairs.append((name, value))
    }
    self.pairs = pairs
  }

  package init(_ pairs: [(name: String, value: String)]) {
    self.pairs = pairs
  }

  /// Every value sent under a name.
  package func values(of name: String) -> [String] {
    pairs.filter { $0.name == name }.map(\.value)
  }

  /// The value of a name that was sent exactly once.
  package subscript(name: String) -> String? {
    let values = values(of: name)
    return values.count == 1 ? values[0] : nil
  }

  private static func decode(_ bytes: ArraySlice<UInt8>) -> String? {
    PercentEncoding.decode(bytes, plusIsSpace: true)
  }

  /// Encodes fields for a body; everything but letters, digits, `-`, `.`, `_`, and `~` is escaped.
  package static func encode(_ pairs: [(name: String, value: String)]) -> String {
    pairs.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }.joined(
      separator: "&")
  }
}

/// Bytes written as `%` and two hexadecimal digits (RFC 3986 section 2.1).
package enum PercentEncoding {
  /// Decodes; nil when a percent sign is not followed by two hexadecimal digits or the result is
  /// not UTF-8.
  static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) -> String? {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var index = bytes.startIndex
    while index < bytes.endIndex {
      switch bytes[index] {
      case UInt8(ascii: "+") where plusIsSpace:
        decoded.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        guard bytes.endIndex - index > 2, let high = nibble(bytes[index + 1]),
          let low = nibble(bytes[index + 2])
        else { return nil }
        decoded.append(high << 4 | low)
        index += 2
      default:
        decoded.append(bytes[index])
      }
      index += 1
    }
    return String(validating: decoded, as: UTF8.self)
  }

  private static func nibble(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// Escapes everything but letters, digits, `-`, `.`, `_`, and `~`.
  package static func encode(_ text: String) -> String {
    var escaped: [UInt8] = []
    for byte in text.utf8 {
      if Base64URL.isDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "~") {
        escaped.append(byte)
      } else {
        escaped.append(UInt8(ascii: "%"))
        escaped.append(contentsOf: Hexadecimal.encode([byte]).uppercased().utf8)
      }
    }
    return String(decoding: escaped, as: UTF8.self)
  }
}
