/// Who carries messages, for each channel in order of preference.
struct Carriers {
  private let texts: [any Carrier]
  private let calls: [any Carrier]
  private let mail: [any Carrier]

  init(_ configuration: Configuration) {
    let twilio = TwilioMessages(configuration.twilio, configuration.publicBaseURL)
    texts = configuration.providers.texts.compactMap { provider -> (any Carrier)? in
      switch provider {
      case .twilio: twilio
      case .vonage:
        configuration.vonage.map { VonageMessages($0, configuration.publicBaseURL) }
      }
    }
    calls = [twilio]
    mail = configuration.providers.mail.compactMap { provider -> (any Carrier)? in
      switch provider {
      case .sendgrid:
        configuration.sendGrid.map { SendGridMail($0, productName: configuration.productName) }
      case .smtp:
        configuration.smtp.map { SMTPMail($0, productName: configuration.productName) }
      }
    }
  }

  subscript(channel: OutgoingMessage.Channel) -> [any Carrier] {
    switch channel {
    case .sms: texts
    case .call: calls
    case .email: mail
    }
  }

  /// The one that is stored by a name with what it took.
  func named(_ name: String) -> (any Carrier)? {
    (texts + calls + mail).first { $0.name == name }
  }
}
