import Crypto

/// A code to write down, for when no other factor is at hand; it works once.
///
/// 120 random bits, so that a plain hash keeps it: whoever has the database cannot try them out
/// (ASVS 6.5.2 asks for a password hash below 112 bits). A wrong one costs one hash and one look-up.
struct BackupCode {
  /// Codes of one set.
  static let setSize = 10

  /// `K7QX-M2PD-9RTV-…`: six groups of four.
  let text: String
  /// SHA-256 of the account's id and the code's bytes; two accounts never share one.
  let hash: [UInt8]

  private static let byteCount = 15

  /// A new code.
  init(for account: Account.ID) {
    let bytes = Random.bytes(Self.byteCount)
    let characters = Array(Base32.encode(bytes, .handwritten).utf8)
    text = stride(from: 0, to: characters.count, by: 4)
      .map { String(decoding: characters[$0..<$0 + 4], as: UTF8.self) }
      .joined(separator: "-")
    hash = Self.hash(bytes, account)
  }

  /// The code that somebody typed, with or without hyphens and spaces, in either case; nil when it
  /// cannot be one.
  init?(typed text: String, for account: Account.ID) {
    guard text.utf8.count <= 64 else { return nil }
    let characters = text.utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: " ") }
    guard characters.count == Self.byteCount * 8 / 5,
      let bytes = Base32.decode(characters, .handwritten)
    else { return nil }
    self.text = text
    hash = Self.hash(bytes, account)
  }

  private static func hash(_ bytes: [UInt8], _ account: Account.ID) -> [UInt8] {
    Array(SHA256.hash(data: account.bytes + bytes))
  }
}
