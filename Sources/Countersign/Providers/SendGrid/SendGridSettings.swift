/// What is needed to send mail through SendGrid.
package struct SendGridSettings: Sendable {
  package let apiKey: Secret
  package let baseURL: String
  package let fromEmail: String
  /// The sender's name as mail programs show it; nil for the product's.
  package let fromName: String?

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
    guard source.faults.count == faults else { return nil }
  }
}
