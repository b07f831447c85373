/// Who carries messages, for each channel in order of preference.
struct Carriers {
  let engines: Engines
  private let fallsBack: Bool
  private let providers: Configuration.Providers
  private let texts: [TextRoute.Hop: any Carrier]
  private let calls: [any Carrier]
  private let mail: [any Carrier]

  init(_ configuration: Configuration) {
    engines = Engines(configuration)
    fallsBack = configuration.engines.fallsBack
    providers = configuration.providers
    let origin = configuration.publicBaseURL
    var texts: [TextRoute.Hop: any Carrier] = [:]
    for hop in providers.own + providers.routes.flatMap(\.hops) {
      switch hop.provider {
      case .twilio:
        let twilio = hop.sender.map(configuration.twilio.sending(from:)) ?? configuration.twilio
        texts[hop] = TwilioMessages(twilio, origin)
      case .vonage:
        texts[hop] = configuration.vonage.map {
          VonageMessages($0.sending(from: hop.sender), origin)
        }
      }
    }
    self.texts = texts
    calls = configuration.canSpeak ? [TwilioMessages(configuration.twilio, origin)] : []
    mail = configuration.providers.mail.compactMap { provider -> (any Carrier)? in
      switch provider {
      case .sendgrid:
        configuration.sendGrid.map { SendGridMail($0, productName: configuration.productName) }
      case .smtp:
        configuration.smtp.map { SMTPMail($0, productName: configuration.productName) }
      }
    }
  }

  /// False for what is not even taken out of the queue.
  func carry(_ channel: OutgoingMessage.Channel) -> Bool {
    channel != .email || !mail.isEmpty
  }

  /// Who may have a message, in the order to try them: a provider that makes codes itself before those that
  /// carry ours.
  ///
  /// - Parameter country: of a phone number, ISO 3166 alpha-2.
  func route(_ order: CarrierOrder, country: String?) -> [any Carrier] {
    let hosts = engines.active.filter { $0.takes(order) }
    guard hosts.isEmpty || fallsBack else { return hosts }
    switch order.channel {
    case .sms: return hosts + providers.hops(to: order.to, country).compactMap { texts[$0] }
    case .call: return hosts + calls
    case .email: return mail
    }
  }

  /// The one that is stored by a name with what it took.
  func named(_ name: String) -> (any Carrier)? {
    engines.named(name) ?? own.first { $0.name == name }
  }

  /// Who carries what we have written.
  private var own: [any Carrier] {
    (providers.own + providers.routes.flatMap(\.hops)).compactMap { texts[$0] } + calls + mail
  }

  /// Everybody's name, in order of preference.
  var names: [String] {
    var names: [String] = []
    for carrier in engines.known + own where !names.contains(carrier.name) {
      names.append(carrier.name)
    }
    return names
  }
}
