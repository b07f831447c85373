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
  private let tokens: [Secret]
  private let origin: PublicBaseURL

  /// - Parameter origin: where Twilio reaches us; never the request's own idea of it.
  package init(_ settings: TwilioSettings, _ origin: PublicBaseURL) {
    tokens = [settings.authToken] + (settings.secondaryAuthToken.map { [$0] } ?? [])
    self.origin = origin
  }

  /// For the tests' vectors and the sandbox, which sign for URLs of their own.
  package init(token: Secret, origin: PublicBaseURL) {
    tokens = [token]
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
    var isValid = false
    for token in tokens {
      for url in urls(target) {
        let expected = Self.sign(url, parameters, token)
        if ConstantTime.equal(Array(expected.utf8), Array(signature.utf8)) { isValid = true }
      }
    }
    return isValid
  }

  /// The signature of a form posted to a URL.
  package static func sign(url: String, form: FormFields, token: Secret) -> String {
    sign(url, parameters(form), token)
  }

  private static func sign(_ url: String, _ parameters: [UInt8], _ token: Secret) -> String {
    var hmac = HMAC<Insecure.SHA1>(key: SymmetricKey(data: token.bytes))
    hmac.update(data: Array(url.utf8))
    hmac.update(data: parameters)
    return Data(hmac.finalize()).base64EncodedString()
  }

  /// The URL with the configured port, without one, and with the scheme's own.
  private func urls(_ target: String) -> [String] {
    let scheme = origin.isHTTPS ? "https" : "http"
    let port = origin.port ?? (origin.isHTTPS ? 443 : 80)
    return ["\(scheme)://\(origin.host)\(target)", "\(scheme)://\(origin.host):\(port)\(target)"]
  }

  /// Names in ascending order of their bytes, each followed by its value; of a repeated name the
  /// distinct values, ascending.
  private static func parameters(_ form: FormFields) -> [UInt8] {
    let pairs = form.pairs.map { (Array($0.name.utf8), Array($0.value.utf8)) }.sorted {
      left, right in
      left.0 == right.0
        ? left.1.lexicographicallyPrecedes(right.1) : left.0.lexicographicallyPrecedes(right.0)
    }
    var bytes: [UInt8] = []
    var previous: ([UInt8], [UInt8])?
    for pair in pairs {
      if let previous, previous == pair { continue }
      bytes += pair.0
      bytes += pair.1
      previous = pair
    }
    return bytes
  }
}
