/// Who carries messages, for each channel in order of preference.
struct Carriers {
  private let engines: Engines
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

  struct Hop: Sendable, Hashable {
    let provider: Configuration.Providers.Texts
    /// Nil for the provider's own.
    let sender: String?
  }

  /// True for a number, a name of up to 11 letters and digits, and at Twilio a service.
  private static func isSender(_ text: Substring, of provider: Configuration.Providers.Texts)
    -> Bool
  {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    let number = text.utf8.drop { $0 == UInt8(ascii: "+") }
    if number.allSatisfy(digits.contains) {
      return (3...15).contains(number.count) && text.utf8.count - number.count <= 1
    }
    if provider == .twilio, TwilioSettings.isSID(String(text), "MG") { return true }
    return (1...11).contains(text.utf8.count)
      && text.utf8.allSatisfy { Base64URL.isDigit($0) || $0 == UInt8(ascii: " ") }
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
        names.count == 1 || Self.isSender(names[1], of: provider)
      else { return nil }
      hops.append(Hop(provider: provider, sender: names.count == 2 ? String(names[1]) : nil))
    }
    guard !hops.isEmpty else { return nil }
    self.hops = hops
  }
}
