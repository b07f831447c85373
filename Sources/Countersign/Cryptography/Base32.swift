/// Bytes as text of thirty-two letters and digits, five bits a character.
package enum Base32 {
  /// An alphabet of thirty-two characters.
  package struct Alphabet: Sendable {
    fileprivate let characters: [UInt8]
    /// By character: its five bits, or 255.
    fileprivate let values: [UInt8]

    private init(_ text: StaticString, alike: [(UInt8, UInt8)] = [], ignoresCase: Bool = false) {
      characters = Array(text.description.utf8)
      var values = [UInt8](repeating: 255, count: 256)
      for (value, character) in characters.enumerated() {
        values[Int(character)] = UInt8(value)
        if ignoresCase { values[Int(character | 0x20)] = UInt8(value) }
      }
      for (written, meant) in alike { values[Int(written)] = values[Int(meant)] }
      self.values = values
    }

    /// RFC 4648 section 6, which authenticator apps read.
    package static let standard = Alphabet("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")

    /// Crockford's, for what people copy by hand: no I, L, O, or U, and those that look like a digit
    /// are read as it (<https://www.crockford.com/base32.html>).
    package static let handwritten = Alphabet(
      "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
      alike: [
        (UInt8(ascii: "O"), UInt8(ascii: "0")), (UInt8(ascii: "o"), UInt8(ascii: "0")),
        (UInt8(ascii: "I"), UInt8(ascii: "1")), (UInt8(ascii: "i"), UInt8(ascii: "1")),
        (UInt8(ascii: "L"), UInt8(ascii: "1")), (UInt8(ascii: "l"), UInt8(ascii: "1")),
      ], ignoresCase: true)
  }

  /// Without padding; the last character holds what is left over of five bits.
  package static func encode(_ bytes: [UInt8], _ alphabet: Alphabet = .standard) -> String {
    var text: [UInt8] = []
    var buffer = 0
    var bits = 0
    for byte in bytes {
      buffer = (buffer << 8 | Int(byte)) & 0xFFFF
      bits += 8
      while bits >= 5 {
        bits -= 5
        text.append(alphabet.characters[buffer >> bits & 31])
      }
    }
    if bits > 0 { text.append(alphabet.characters[buffer << (5 - bits) & 31]) }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil when a character is not of the alphabet.
  package static func decode(_ text: some Sequence<UInt8>, _ alphabet: Alphabet = .standard)
    -> [UInt8]?
  {
    var bytes: [UInt8] = []
    var buffer = 0
    var bits = 0
    for character in text {
      let value = alphabet.values[Int(character)]
      guard value < 32 else { return nil }
      buffer = (buffer << 5 | Int(value)) & 0xFFFF
      bits += 5
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: buffer >> bits))
      }
    }
    return bytes
  }
}
