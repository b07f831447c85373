/// What is needed to send through Twilio and to believe its callbacks.
package struct TwilioSettings: Sendable {
  /// `AC` and 32 hexadecimal digits.
  package let accountSID: String
  /// Signs callbacks, and calls too when there is no API key.
  package let authToken: Secret
  /// A second token that callbacks may be signed with while one is replaced by the other.
  package let secondaryAuthToken: Secret?
  package let apiKey: (sid: String, secret: Secret)?
  package private(set) var sender: Sender
  /// What calls come from; without it there are none.
  package let phoneNumber: String?
  package let apiBaseURL: String

  package enum Sender: Sendable {
    case number(String)
    case messagingService(String)
  }

  /// The same for a route with a sender of its own: a number, a name, or a service.
  func sending(from sender: String) -> TwilioSettings {
    var settings = self
    settings.sender =
      Self.isSID(sender, "MG") ? .messagingService(sender) : .number(sender)
    return settings
  }

  /// What texts come from, as consent knows it: our number, or the service.
  package var senderName: String {
    switch sender {
    case .number(let number): number
    case .messagingService(let sid): sid
    }
  }

  /// True when the "provider" is on this machine: the sandbox.
  package var isSandbox: Bool { Environment.isLocal(apiBaseURL) }

  /// What calls are signed in with: the API key where there is one.
  package var login: (user: String, password: Secret) {
    apiKey.map { ($0.sid, $0.secret) } ?? (accountSID, authToken)
  }

  /// Reads the variables named `TWILIO_…`; nil, with faults, when they are incomplete.
  init?(_ source: inout Environment) {
    let faults = source.faults.count
    let sid = source.required("TWILIO_ACCOUNT_SID")
    if !sid.isEmpty, !Self.isSID(sid, "AC") {
      source.fault("TWILIO_ACCOUNT_SID must be AC and 32 hexadecimal digits.")
    }
    let token = source.required("TWILIO_AUTH_TOKEN")
    let secondary = source.value("TWILIO_SECONDARY_AUTH_TOKEN")
    let keySID = source.value("TWILIO_API_KEY_SID")
    let keySecret = source.value("TWILIO_API_KEY_SECRET")
    if (keySID == nil) != (keySecret == nil) {
      source.fault("TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET must be given together.")
    }
    let number = source.value("TWILIO_PHONE_NUMBER")
    let service = source.value("TWILIO_MESSAGING_SERVICE_SID")
    if number == nil, service == nil {
      source.fault("TWILIO_PHONE_NUMBER or TWILIO_MESSAGING_SERVICE_SID is missing.")
    }
    if let service, !Self.isSID(service, "MG") {
      source.fault("TWILIO_MESSAGING_SERVICE_SID must be MG and 32 hexadecimal digits.")
    }
    let base = source.providerURL("TWILIO_API_BASE_URL", "https://api.twilio.com")
    guard source.faults.count == faults, let base else { return nil }
    accountSID = sid
    authToken = Secret(token)
    secondaryAuthToken = secondary.map(Secret.init)
    apiKey = keySID.flatMap { sid in keySecret.map { (sid, Secret($0)) } }
    phoneNumber = number
    sender = service.map(Sender.messagingService) ?? .number(number ?? "")
    apiBaseURL = base
  }

  /// True for two letters and 32 hexadecimal digits, as every Twilio resource is named.
  package static func isSID(_ text: String, _ prefixes: String...) -> Bool {
    text.utf8.count == 34 && prefixes.contains { text.hasPrefix($0) }
      && text.utf8.dropFirst(2).allSatisfy(Hexadecimal.isDigit)
  }
}
