import FoundationEssentials

/// What is needed to send mail through a mail server of one's own.
package struct SMTPSettings: Sendable {
  /// `smtps://host:port`, or `smtp://host:port`, which is encrypted by STARTTLS unless it is on this
  /// machine.
  package let url: String
  package let login: (user: String, password: Secret)?
  package let fromEmail: String
  package let fromName: String?
  let needsEncryption: Bool

  /// Reads `SMTP_URL` and the sender; nil, with faults, when they are incomplete.
  init?(_ source: inout Environment) {
    let faults = source.faults.count
    let text = source.required("SMTP_URL")
    fromEmail =
      source.value("SMTP_FROM_EMAIL") ?? source.value("SENDGRID_FROM_EMAIL") ?? ""
    fromName = source.value("SMTP_FROM_NAME") ?? source.value("SENDGRID_FROM_NAME")
    if EmailAddress(fromEmail) == nil {
      source.fault("SMTP_FROM_EMAIL, or SENDGRID_FROM_EMAIL, must be an email address.")
    }
    guard let parts = URLComponents(string: text), let scheme = parts.scheme,
      scheme == "smtps" || scheme == "smtp", let host = parts.host, !host.isEmpty
    else {
      if !text.isEmpty {
        source.fault("SMTP_URL must be smtps://user:password@host:port, or smtp://….")
      }
      return nil
    }
    guard source.faults.count == faults else { return nil }
    url = "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? "")
    login = parts.user.map { ($0, Secret(parts.password ?? "")) }
    needsEncryption =
      scheme == "smtp" && host != "localhost" && !host.hasPrefix("127.") && host != "[::1]"
  }
}
