import Crypto
import FoundationEssentials

/// An opaque bearer token: 256 random bits that are shown once and stored only as their SHA-256.
///
/// A plain hash is enough, since nobody can try 2²⁵⁶ tokens; a lookup by hash also takes the same
/// time for every wrong one.
package struct Token: Sendable {
  /// Base64url without padding, 43 characters, as the holder sends it.
  package let text: Secret
  /// What the database stores, 32 bytes.
  package let hash: [UInt8]

  /// A new token.
  package init() {
    let bytes = Random.bytes(32)
    text = Secret(Base64URL.encode(bytes))
    hash = Array(SHA256.hash(data: Array(text.reveal().utf8)))
  }

  /// The token that a caller sent; nil when it cannot be one, which costs no lookup.
  package init?(received text: String) {
    guard text.utf8.count == 43, text.utf8.allSatisfy(Base64URL.isDigit) else { return nil }
    self.text = Secret(text)
    hash = Array(SHA256.hash(data: Array(text.utf8)))
  }
}

/// Base64 with the alphabet for URLs and file names, without padding (RFC 4648 section 5).
package enum Base64URL {
  package static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for byte in Data(bytes).base64EncodedString().utf8 {
      switch byte {
      case UInt8(ascii: "+"): text.append(UInt8(ascii: "-"))
      case UInt8(ascii: "/"): text.append(UInt8(ascii: "_"))
      case UInt8(ascii: "="): break
      default: text.append(byte)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil when the text holds anything but digits of the alphabet.
  static func decode(_ text: String) -> [UInt8]? {
    guard text.utf8.allSatisfy(isDigit) else { return nil }
    let standard = text.utf8.map { byte in
      switch byte {
      case UInt8(ascii: "-"): UInt8(ascii: "+")
      case UInt8(ascii: "_"): UInt8(ascii: "/")
      default: byte
      }
    }
    let padding = Array(repeating: UInt8(ascii: "="), count: (4 - standard.count % 4) % 4)
    return Data(base64Encoded: Data(standard + padding)).map { Array($0) }
  }

  static func isDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
