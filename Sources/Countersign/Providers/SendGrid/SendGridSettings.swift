/// What is needed to send mail through SendGrid.
package struct SendGridSettings: Sendable {
  package let apiKey: Secret
  package let baseURL: String
  package let fromEmail: String
  /// The sender's name as mail programs show it; nil for the product's.
  package let fromName: String?

  /// Templates of SendGrid's own by the event they are for; other mail is laid out here.
  package let templates: [String: String]
  /// Proves events; nil where none are believed.
  package let signature: SendGridSignature?

  /// Reads the variables named `SENDGRID_…`; nil, with faults, when they are incomplete.
  init?(_ source: inout Environment) {
    let faults = source.faults.count
    apiKey = Secret(source.required("SENDGRID_API_KEY"))
    fromEmail = source.required("SENDGRID_FROM_EMAIL")
    fromName = source.value("SENDGRID_FROM_NAME")
    baseURL = source.value("SENDGRID_BASE_URL") ?? "https://api.sendgrid.com"
    if !fromEmail.isEmpty, EmailAddress(fromEmail) == nil {
      source.fault("SENDGRID_FROM_EMAIL must be an email address.")
    }
    if !baseURL.hasPrefix("https://") && !baseURL.hasPrefix("http://") {
      source.fault("SENDGRID_BASE_URL must be an https:// or http:// URL.")
    }
    var templates: [String: String] = [:]
    for kind in AccountEvent.Kind.allCases {
      let name = "SENDGRID_TEMPLATE_\(kind.rawValue.uppercased())"
      guard let template = source.value(name) else { continue }
      if !template.hasPrefix("d-") {
        source.fault("\(name) must be the id of a dynamic template, d-….")
      }
      templates[kind.rawValue] = template
    }
    self.templates = templates
    signature = source.parsed(
      "SENDGRID_WEBHOOK_PUBLIC_KEY", expected: "the key that SendGrid shows, in Base64",
      SendGridSignature.init(publicKey:))
    guard source.faults.count == faults else { return nil }
  }
}
