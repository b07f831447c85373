/// Who carries messages, for each channel in order of preference.
struct Carriers {
  private let engines: Engines
  private let fallsBack: Bool
  private let texts: [any Carrier]
  private let routes: [(destination: TextRoute.Destination, carriers: [any Carrier])]
  private let calls: [any Carrier]
  private let mail: [any Carrier]

  init(_ configuration: Configuration) {
    engines = Engines(configuration)
    fallsBack = configuration.engines.fallsBack
    let twilio = TwilioMessages(configuration.twilio, configuration.publicBaseURL)
    func text(_ provider: Configuration.Providers.Texts, from sender: String?) -> (any Carrier)? {
      switch provider {
      case .twilio:
        sender.map {
          TwilioMessages(configuration.twilio.sending(from: $0), configuration.publicBaseURL)
        } ?? twilio
      case .vonage:
        configuration.vonage.map {
          VonageMessages($0.sending(from: sender), configuration.publicBaseURL)
        }
      }
    }
    texts = configuration.providers.texts.compactMap { text($0, from: nil) }
    routes = configuration.providers.routes.map { route in
      (route.destination, route.hops.compactMap { text($0.provider, from: $0.sender) })
    }
    calls = configuration.canSpeak ? [twilio] : []
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
    case .sms: return hosts + (route(to: order.to, country) ?? texts)
    case .call: return hosts + calls
    case .email: return mail
    }
  }

  /// The route with the longest prefix of a number, else the one of its country.
  private func route(to number: String, _ country: String?) -> [any Carrier]? {
    var best: (length: Int, carriers: [any Carrier])?
    for (destination, carriers) in routes {
      let length: Int? =
        switch destination {
        case .prefix(let prefix): number.hasPrefix(prefix) ? prefix.utf8.count : nil
        case .country(let region): region == country ? 0 : nil
        }
      if let length, length >= best?.length ?? 0 { best = (length, carriers) }
    }
    return best?.carriers
  }

  /// The one that is stored by a name with what it took.
  func named(_ name: String) -> (any Carrier)? {
    engines.named(name) ?? own.first { $0.name == name }
  }

  /// Who carries what we have written.
  private var own: [any Carrier] { texts + routes.flatMap(\.carriers) + calls + mail }

  /// Everybody's name, in order of preference.
  var names: [String] {
    var names: [String] = []
    for carrier in engines.known + own where !names.contains(carrier.name) {
      names.append(carrier.name)
    }
    return names
  }
}

/// Who sends the text messages to some numbers, and under which sender.
package struct TextRoute: Sendable, Equatable {
  let destination: Destination
  let hops: [Hop]

  enum Destination: Sendable, Equatable {
    /// `+` and digits.
    case prefix(String)
    /// ISO 3166 alpha-2.
    case country(String)
  }

  struct Hop: Sendable, Equatable {
    let provider: Configuration.Providers.Texts
    /// Nil for the provider's own.
    let sender: String?
  }

  /// Reads `+46=vonage:Acme,twilio:+46700000000`; nil for what is no route.
  package init?(_ text: Substring) {
    let parts = text.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " } }
    guard parts.count == 2 else { return nil }
    if parts[0].first == "+" {
      guard (2...16).contains(parts[0].utf8.count),
        parts[0].utf8.dropFirst().allSatisfy({ (0x30...0x39).contains($0) })
      else { return nil }
      destination = .prefix(parts[0])
    } else {
      guard PhoneNumber.isRegion(parts[0]) else { return nil }
      destination = .country(parts[0])
    }
    var hops: [Hop] = []
    for hop in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
      let names = hop.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = names.first,
        let provider = Configuration.Providers.Texts(rawValue: String(name)),
        names.count == 1 || (1...34).contains(names[1].utf8.count)
      else { return nil }
      hops.append(Hop(provider: provider, sender: names.count == 2 ? String(names[1]) : nil))
    }
    guard !hops.isEmpty else { return nil }
    self.hops = hops
  }
}
