import Crypto
package import FoundationEssentials

/// `sig`: how Vonage signs the parameters of an SMS callback
/// (<https://developer.vonage.com/en/getting-started/concepts/signing-messages>).
package struct VonageSignature: Sendable {
  /// Chosen in Vonage's dashboard; the raw value names it in our configuration.
  package enum Method: String, Sendable, CaseIterable {
    /// MD5 of the parameters followed by the secret, what accounts have unless they chose otherwise.
    case md5hash
    case md5, sha1, sha256, sha512
  }

  private let secret: Secret
  private let method: Method?

  /// Seconds that a callback's own time may differ from ours.
  package static let skew: TimeInterval = 600

  package init(secret: Secret, method: Method? = nil) {
    self.secret = secret
    self.method = method
  }

  /// True when Vonage signed these parameters, not long ago.
  package func isValid(_ form: FormFields, at now: Date) -> Bool {
    guard let signature = form["sig"]?.lowercased(),
      let stamp = form["timestamp"].flatMap({ Int($0) }),
      abs(now.timeIntervalSince1970 - Double(stamp)) <= Self.skew
    else { return false }
    let methods = method.map { [$0] } ?? Method.allCases
    return methods.contains {
      ConstantTime.equal(Array(signature.utf8), Array(sign(form, $0).utf8))
    }
  }

  /// The signature of parameters, in lower-case hexadecimal: `&name=value` for each, by ascending name,
  /// without `sig`, with `&` and `=` in values turned into `_`.
  package func sign(_ form: FormFields, _ method: Method) -> String {
    var text = ""
    for (name, value) in form.pairs.filter({ $0.name != "sig" }).sorted(by: {
      $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }) {
      text += "&\(name)="
      // By scalars: a mark that follows would hide the character from a look at letters.
      text.unicodeScalars += value.unicodeScalars.map { $0 == "&" || $0 == "=" ? "_" : $0 }
    }
    let data = Array(text.utf8)
    let key = SymmetricKey(data: secret.bytes)
    return switch method {
    case .md5hash: Hexadecimal.encode(Insecure.MD5.hash(data: data + secret.bytes))
    case .md5: Hexadecimal.encode(HMAC<Insecure.MD5>.authenticationCode(for: data, using: key))
    case .sha1: Hexadecimal.encode(HMAC<Insecure.SHA1>.authenticationCode(for: data, using: key))
    case .sha256: Hexadecimal.encode(HMAC<SHA256>.authenticationCode(for: data, using: key))
    case .sha512: Hexadecimal.encode(HMAC<SHA512>.authenticationCode(for: data, using: key))
    }
  }
}

/// The token that Vonage sends with JSON callbacks
/// (<https://developer.vonage.com/en/getting-started/concepts/webhooks#validating-signed-webhooks>).
///
/// Vonage calls its `payload_hash` optional. Here it is not: without it one token that somebody saw would
/// vouch for any body.
package struct VonageToken: Sendable {
  /// Names the callback.
  package let id: String

  private struct Header: Decodable {
    let alg: String
  }

  private struct Claims: Decodable {
    let iat: Int
    let jti: String
    let iss: String
    let payload_hash: String
    let api_key: String
  }

  /// Nil unless the token was made with the secret, for this account and body, not long ago.
  package init?(
    _ authorization: String?, body: [UInt8], _ settings: (apiKey: String, secret: Secret),
    at now: Date
  ) {
    guard let authorization, authorization.lowercased().hasPrefix("bearer ") else { return nil }
    let parts = authorization.dropFirst(7).split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let header: Header = Self.decode(parts[0]),
      // Fixed, so that a token cannot choose how it is checked.
      header.alg == "HS256", let mac = Base64URL.decode(String(parts[2]))
    else { return nil }
    let expected = HMAC<SHA256>.authenticationCode(
      for: Array("\(parts[0]).\(parts[1])".utf8),
      using: SymmetricKey(data: settings.secret.bytes))
    guard ConstantTime.equal(Array(expected), mac), let claims: Claims = Self.decode(parts[1]),
      claims.iss == "Vonage", claims.api_key == settings.apiKey,
      abs(now.timeIntervalSince1970 - Double(claims.iat)) <= VonageSignature.skew,
      (1...64).contains(claims.jti.utf8.count),
      ConstantTime.equal(
        Array(claims.payload_hash.lowercased().utf8),
        Array(Hexadecimal.encode(SHA256.hash(data: body)).utf8))
    else { return nil }
    id = claims.jti
  }

  private static func decode<Value: Decodable>(_ part: Substring) -> Value? {
    Base64URL.decode(String(part)).flatMap {
      try? JSONDecoder().decode(Value.self, from: Data($0))
    }
  }
}
