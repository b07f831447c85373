import FoundationEssentials

/// Links that end mail of a kind without signing in (RFC 8058): whoever reads the mail may follow its link,
/// and nobody can make one.
struct UnsubscribeLinks {
  private let keys: KeyRing
  private let base: String

  private static let macLength = 16

  init(_ configuration: Configuration) {
    keys = configuration.keys
    base = "\(configuration.publicBaseURL.origin)/api/notifications/unsubscribe/"
  }

  /// The account, the kind, and half a MAC under the key for what is looked up, which outlives rotations:
  /// mail is kept for years.
  func url(_ account: Account.ID, _ kind: AccountEvent.Kind) throws -> String {
    let name = Array(kind.rawValue.utf8)
    return base + Base64URL.encode(try mac(account.bytes, name) + account.bytes + name)
  }

  /// What a token is for; nil when we did not make it.
  func read(_ token: String) throws -> (Account.ID, AccountEvent.Kind)? {
    guard let bytes = Base64URL.decode(token), bytes.count > Self.macLength + 16,
      case let account = Array(bytes[Self.macLength..<(Self.macLength + 16)]),
      case let name = Array(bytes[(Self.macLength + 16)...]),
      ConstantTime.equal(Array(bytes.prefix(Self.macLength)), try mac(account, name)),
      let id = Account.ID(bytes: account),
      let kind = AccountEvent.Kind(rawValue: String(decoding: name, as: UTF8.self)),
      !kind.isSecurity
    else { return nil }
    return (id, kind)
  }

  private func mac(_ account: [UInt8], _ name: [UInt8]) throws -> [UInt8] {
    Array(try keys.indexMAC(.unsubscribe, [account, name]).prefix(Self.macLength))
  }
}
