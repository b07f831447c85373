/// What is needed to send through Vonage and to believe its callbacks.
package struct VonageSettings: Sendable {
  package let apiKey: String
  package let apiSecret: Secret
  package let signatureSecret: Secret
  /// The only way callbacks may be signed; nil for any that Vonage has.
  package let signatureMethod: VonageSignature.Method?
  /// A number, or a name of up to 11 characters.
  package let from: String
  package let restBaseURL: String

  /// As consent knows it.
  package var sender: String { "vonage:\(from)" }

  /// Reads the variables named `VONAGE_…`; nil, with faults, when they are incomplete.
  init?(_ source: inout Environment) {
    let faults = source.faults.count
    apiKey = source.required("VONAGE_API_KEY")
    apiSecret = Secret(source.required("VONAGE_API_SECRET"))
    signatureSecret = Secret(source.required("VONAGE_SIGNATURE_SECRET"))
    from = source.required("VONAGE_FROM")
    signatureMethod = source.parsed(
      "VONAGE_SIGNATURE_METHOD", expected: "md5hash, md5, sha1, sha256, or sha512"
    ) {
      VonageSignature.Method(rawValue: $0)
    }
    let base = source.value("VONAGE_REST_BASE_URL") ?? "https://rest.nexmo.com"
    restBaseURL = base.hasSuffix("/") ? String(base.dropLast()) : base
    let isLocal = ["http://127.0.0.1", "http://localhost", "http://[::1]"].contains {
      restBaseURL == $0 || restBaseURL.hasPrefix("\($0):")
    }
    if !isLocal, !restBaseURL.hasPrefix("https://") {
      source.fault("VONAGE_REST_BASE_URL must begin with https://: messages hold codes.")
    }
    if !from.isEmpty, !(1...15).contains(from.utf8.count) || !from.utf8.allSatisfy({ $0 < 0x80 }) {
      source.fault("VONAGE_FROM must be a number, or a name of up to 11 characters.")
    }
    guard source.faults.count == faults else { return nil }
  }
}
