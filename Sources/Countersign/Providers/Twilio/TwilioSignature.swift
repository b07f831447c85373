import Crypto
import FoundationEssentials

/// `X-Twilio-Signature`: how Twilio proves that a callback is its own
/// (<https://www.twilio.com/docs/usage/security#validating-requests>).
///
/// HMAC-SHA-1 under the account's auth token over the URL as it is configured at Twilio and the
/// form's parameters, sorted by name, names and values run together. Nothing separates them, so a
/// valid signature also covers other splits of the same characters into parameters: whoever reads
/// the parameters must accept only those it knows, in their exact form.
package struct TwilioSignature: Sendable {
  /// One started HMAC a token: its key is hashed once, and not for every callback.
  private let keys: [HMAC<Insecure.SHA1>]
  private let origin: PublicBaseURL

  /// - Parameter origin: where Twilio reaches us; never the request's own idea of it.
  package init(_ settings: TwilioSettings, _ origin: PublicBaseURL) {
    keys = ([settings.authToken] + (settings.secondaryAuthToken.map { [$0] } ?? [])).map(
      Self.started)
    self.origin = origin
  }

  /// For the tests' vectors and the sandbox, which sign for URLs of their own.
  package init(token: Secret, origin: PublicBaseURL) {
    keys = [Self.started(token)]
    self.origin = origin
  }

  /// True when a token of ours signed this form for this path and query.
  ///
  /// Twilio is not of one mind whether a URL's port is signed: the URL counts with and without it.
  package func isValid(_ signature: String, target: String, form: FormFields) -> Bool {
    isValid(signature, Self.parameters(form), target)
  }

  /// The same for a GET, or a JSON body whose hash the query carries as `bodySHA256`.
  package func isValid(_ signature: String, target: String, json body: [UInt8]?) -> Bool {
    if let body {
      let query = target.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
      guard let declared = FormFields(parsing: Array(query.utf8))?["bodySHA256"],
        ConstantTime.equal(
          Array(declared.utf8), Array(Hexadecimal.encode(SHA256.hash(data: body)).utf8))
      else { return false }
    }
    return isValid(signature, [], target)
  }

  private func isValid(_ signature: String, _ parameters: [UInt8], _ target: String) -> Bool {
    guard let given = Data(base64Encoded: signature) else { return false }
    for key in keys {
      for url in urls(target) {
        var hmac = key
        hmac.update(data: Array(url.utf8) + parameters)
        // Which of the two URLs was signed is no secret; how much of a guess was right is.
        if ConstantTime.equal(Array(hmac.finalize()), Array(given)) { return true }
      }
    }
    return false
  }

  /// The signature of a form posted to a URL.
  package static func sign(url: String, form: FormFields, token: Secret) -> String {
    var hmac = started(token)
    hmac.update(data: Array(url.utf8) + parameters(form))
    return Data(hmac.finalize()).base64EncodedString()
  }

  private static func started(_ token: Secret) -> HMAC<Insecure.SHA1> {
    HMAC<Insecure.SHA1>(key: SymmetricKey(data: token.bytes))
  }

  /// The URL as it is configured, then with the port that it has not or without the one it has.
  private func urls(_ target: String) -> [String] {
    let scheme = origin.isHTTPS ? "https" : "http"
    let plain = "\(scheme)://\(origin.host)\(target)"
    let withPort =
      "\(scheme)://\(origin.host):\(origin.port ?? (origin.isHTTPS ? 443 : 80))\(target)"
    return origin.port == nil ? [plain, withPort] : [withPort, plain]
  }

  /// Names in ascending order of their bytes, each followed by its value; of a repeated name the
  /// distinct values, ascending.
  private static func parameters(_ form: FormFields) -> [UInt8] {
    let pairs = form.pairs.sorted { left, right in
      left.name.utf8.elementsEqual(right.name.utf8)
        ? left.value.utf8.lexicographicallyPrecedes(right.value.utf8)
        : left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(512)
    var previous: (name: String, value: String)?
    for pair in pairs {
      if let previous, previous == pair { continue }
      bytes.append(contentsOf: pair.name.utf8)
      bytes.append(contentsOf: pair.value.utf8)
      previous = pair
    }
    return bytes
  }
}
