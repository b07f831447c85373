/// What is needed to send through Vonage and to believe its callbacks.
package struct VonageSettings: Sendable {
  package let apiKey: String
  package let apiSecret: Secret
  package let signatureSecret: Secret
  /// The only way callbacks may be signed; nil for any that Vonage has.
  package let signatureMethod: VonageSignature.Method?
  /// A number, or a name of up to 11 characters.
  package private(set) var from: String
  package let restBaseURL: String

  /// The same for a route, which may have a sender of its own.
  func sending(from sender: String?) -> VonageSettings {
    var settings = self
    if let sender { settings.from = sender }
    return settings
  }

  /// As consent knows it.
  package var sender: String { "vonage:\(from)" }

  /// Reads the variables named `VONAGE_…`; nil, with faults, when they are incomplete.
  ///
  /// - Parameter sendsTexts: whether it needs a sender of text messages, whose receipts are signed.
  init?(_ source: inout Environment, sendsTexts: Bool) {
    let faults = source.faults.count
    apiKey = source.required("VONAGE_API_KEY")
    apiSecret = Secret(source.required("VONAGE_API_SECRET"))
    // Without one nothing of Vonage's is believed.
    signatureSecret = Secret(
      sendsTexts
        ? source.required("VONAGE_SIGNATURE_SECRET")
        : source.value("VONAGE_SIGNATURE_SECRET") ?? Hexadecimal.encode(Random.bytes(32)))
    from = sendsTexts ? source.required("VONAGE_FROM") : source.value("VONAGE_FROM") ?? ""
    signatureMethod = source.parsed(
      "VONAGE_SIGNATURE_METHOD", expected: "md5hash, md5, sha1, sha256, or sha512"
    ) {
      VonageSignature.Method(rawValue: $0)
    }
    restBaseURL = source.providerURL("VONAGE_REST_BASE_URL", "https://rest.nexmo.com") ?? ""
    if !from.isEmpty, !(1...15).contains(from.utf8.count) || !from.utf8.allSatisfy({ $0 < 0x80 }) {
      source.fault("VONAGE_FROM must be a number, or a name of up to 11 characters.")
    }
    guard source.faults.count == faults else { return nil }
  }
}
