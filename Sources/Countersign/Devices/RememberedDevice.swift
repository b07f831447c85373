import Crypto
package import FoundationEssentials

/// A device on which its owner asked not to be asked for a code again.
package struct RememberedDevice: Sendable {
  package typealias ID = Identifier<RememberedDevice>

  package let id: ID
  package let userAgent: String
  package let address: String
  package let createdAt: Date
  package let lastUsedAt: Date
  package let expiresAt: Date

  /// A device's token, shown to it once: the id of its row and a secret, of which the row has the
  /// hash.
  package struct Issued: Sendable {
    package let token: Secret
    package let expiresAt: Date
  }

  /// A token as a device sends it.
  struct Presented {
    let id: ID
    let hash: [UInt8]

    /// Nil when it cannot be one.
    init?(_ text: String) {
      let halves = text.split(separator: ".", omittingEmptySubsequences: false)
      guard halves.count == 2, let id = ID(String(halves[0])),
        let secret = Token(received: String(halves[1]))
      else { return nil }
      self.id = id
      hash = secret.hash
    }
  }
}
