import Crypto
package import FoundationEssentials

/// A key of the host's own backend: `csk_<id>_<secret>`, with the scopes it was made for.
package struct ServiceKey: Sendable {
  package let id: [UInt8]
  package let scopes: Set<Scope>

  /// What a key may do; the raw value is the public name.
  package enum Scope: String, CaseIterable, Sendable {
    case otp
    case challenges
    case notifications
    case sms
    case smsUnlimited = "sms:unlimited"
    case usersWrite = "users:write"
  }
}

/// Making and recognising service keys.
package struct ServiceKeys {
  private let connection: Connection

  private static let prefix = "csk_"

  package init(_ connection: Connection) {
    self.connection = connection
  }

  /// Makes a key.
  ///
  /// - Returns: its id, and its text, which is shown this once.
  package func create(name: String, scopes: Set<ServiceKey.Scope>, at now: Date)
    throws(DatabaseError) -> (id: String, text: Secret)
  {
    let id = Random.bytes(8)
    let secret = Token()
    let list = scopes.map(\.rawValue).sorted().joined(separator: ",")
    try connection.execute(
      """
      INSERT INTO service_key (id, secret_hash, name, scopes, created_at)
      VALUES (\(id), \(secret.hash), \(name), \(list), \(now))
      """)
    let name = Hexadecimal.encode(id)
    return (name, Secret("\(Self.prefix)\(name)_\(secret.text.reveal())"))
  }

  /// A key as it is listed.
  package struct Listed: Sendable {
    package let id: String
    package let name: String
    package let scopes: [String]
    package let createdAt: Date
    package let revokedAt: Date?
  }

  /// All there were, newest first.
  package func list() throws -> [Listed] {
    try connection.all(
      """
      SELECT id, name, scopes, created_at, revoked_at
        FROM service_key
       ORDER BY created_at DESC, id
       LIMIT 1000
      """
    ).map { row in
      Listed(
        id: Hexadecimal.encode(try row.bytes("id")), name: try row.text("name"),
        scopes: try row.text("scopes").split(separator: ",").map(String.init),
        createdAt: try row.time("created_at"), revokedAt: try row.optionalTime("revoked_at"))
    }
  }

  /// Ends a key; false when there is no live one. Called inside a transaction.
  func revoke(_ id: String, at now: Date) throws(DatabaseError) -> Bool {
    guard let bytes = Hexadecimal.decode(Substring(id)), bytes.count == 8 else { return false }
    return try connection.execute(
      "UPDATE service_key SET revoked_at = \(now) WHERE id = \(bytes) AND revoked_at IS NULL") == 1
  }

  /// The key behind a request.
  ///
  /// - Throws: `unauthenticated` without a live key; `insufficient_scope` when the key was not made
  ///   for this.
  package func required(_ request: Request, _ scope: ServiceKey.Scope) throws -> ServiceKey {
    guard let authorization = request.headers[.authorization] else {
      throw Rejection(.unauthenticated)
    }
    let parts = authorization.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer", let key = try find(parts[1]) else {
      throw Rejection(.unauthenticated)
    }
    guard key.scopes.contains(scope) else { throw Rejection(.insufficientScope) }
    return key
  }

  /// Whether a key's text opens anything.
  package func isInForce(_ key: Secret) throws -> Bool {
    try find(Substring(key.reveal())) != nil
  }

  private func find(_ text: Substring) throws -> ServiceKey? {
    let parts = text.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "csk", let id = Self.id(parts[1]),
      let secret = Token(received: String(parts[2]))
    else { return nil }
    let row = try connection.first(
      "SELECT secret_hash, scopes FROM service_key WHERE id = \(id) AND revoked_at IS NULL")
    guard let row, ConstantTime.equal(try row.bytes("secret_hash"), secret.hash) else { return nil }
    let scopes = try row.text("scopes").split(separator: ",").compactMap {
      ServiceKey.Scope(rawValue: String($0))
    }
    return ServiceKey(id: id, scopes: Set(scopes))
  }

  private static func id(_ text: Substring) -> [UInt8]? {
    guard text.utf8.count == 16, text.utf8.allSatisfy(Hexadecimal.isDigit),
      let number = UInt64(text, radix: 16)
    else {
      return nil
    }
    return unsafe withUnsafeBytes(of: number.bigEndian) { unsafe Array($0) }
  }
}

extension Request {
  /// True when the caller presents a service key and no session.
  package var isHosts: Bool {
    guard let authorization = headers[.authorization] else { return false }
    return authorization.split(separator: " ", maxSplits: 1).last?.hasPrefix("csk_") ?? false
  }
}
