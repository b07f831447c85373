/// An email address, as its owner writes it and as it is compared.
package struct EmailAddress: Sendable {
  package let text: String
  /// Lower-case ASCII; two addresses with the same key are the same account.
  package let key: String

  /// Nil unless the text is a plain ASCII address with one `@` and a domain with a dot.
  ///
  /// Only ASCII: Unicode has letters that fold or look like others, and an address that matches
  /// another one's account by folding would receive that account's mail.
  package init?(_ text: String) {
    guard (3...254).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { return nil }
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, (1...64).contains(parts[0].utf8.count) else { return nil }
    let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
    guard labels.count >= 2,
      labels.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(Self.isDomainByte) })
    else {
      return nil
    }
    guard
      !text.utf8.contains(where: {
        $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "<")
          || $0 == UInt8(ascii: ">")
      })
    else { return nil }
    self.text = text
    key = text.lowercased()
  }

  /// An address with all of its local part but the first character hidden: `a•••@example.com`.
  package static func masked(_ text: String) -> String {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    return "\(parts[0].prefix(1))•••@\(parts.count > 1 ? parts[1] : "")"
  }

  private static func isDomainByte(_ byte: UInt8) -> Bool {
    Base64URL.isDigit(byte) && byte != UInt8(ascii: "_")
  }
}
