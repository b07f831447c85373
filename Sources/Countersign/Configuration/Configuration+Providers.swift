import FoundationEssentials

/// Who carries messages, and who makes and judges codes.
extension Configuration {
  /// Who carries messages.
  package struct Providers: Sendable {
    package var texts: [Texts]
    package var mail: [Mail]
    /// Where texts to some numbers go another way.
    package var routes: [TextRoute] = []
    /// Messages a second, by sender as consent knows it.
    package var rates: [String: Double] = [:]

    /// Whoever texts numbers that have no route.
    var own: [TextRoute.Hop] { texts.map { TextRoute.Hop(provider: $0, sender: nil) } }

    /// Who texts a number: the route with its longest prefix, else its country's, else the usual ones.
    func hops(to number: String, _ country: String?) -> [TextRoute.Hop] {
      var best: (length: Int, hops: [TextRoute.Hop])?
      for route in routes {
        let length: Int? =
          switch route.destination {
          case .prefix(let prefix): number.hasPrefix(prefix) ? prefix.utf8.count : nil
          case .country(let region): region == country ? 0 : nil
          }
        if let length, length >= best?.length ?? 0 { best = (length, route.hops) }
      }
      return best?.hops ?? own
    }

    /// The raw value is the name in the configuration.
    package enum Texts: String, Sendable { case twilio, vonage }
    package enum Mail: String, Sendable { case sendgrid, smtp }
  }

  /// Who makes and judges codes.
  package struct Engines: Sendable {
    package var codes = Codes.local
    package var apps = Apps.local
    /// Whether a code is made here when the provider that makes codes cannot.
    package var fallsBack = true

    /// The raw value is the name in the configuration.
    package enum Codes: String, Sendable {
      case local
      case twilioVerify = "twilio-verify"
      case vonageVerify = "vonage-verify"
    }
    package enum Apps: String, Sendable {
      case local
      case twilioVerify = "twilio-verify"
    }
  }

  /// Whether codes can be said on the phone.
  var canCall: Bool { twilio.phoneNumber != nil || engines.codes != .local }

  /// Whether we can say something on the phone ourselves.
  var canSpeak: Bool { twilio.phoneNumber != nil }

  /// Our senders of text messages, as consent knows them, each once.
  package var textSenders: [String] {
    senders(of: providers.own + providers.routes.flatMap(\.hops))
  }

  /// Those that text a number, E.164 and of a country.
  func textSenders(to number: String, _ country: String?) -> [String] {
    senders(of: providers.hops(to: number, country))
  }

  private func senders(of hops: [TextRoute.Hop]) -> [String] {
    var senders: [String] = []
    for hop in hops {
      let sender =
        switch hop.provider {
        case .twilio: hop.sender.map(twilio.sending(from:))?.senderName ?? twilio.senderName
        case .vonage: vonage?.sending(from: hop.sender).sender
        }
      if let sender, !senders.contains(sender) { senders.append(sender) }
    }
    return senders
  }

  // MARK: Reading

  static func routes(_ source: inout Environment) -> [TextRoute] {
    let routes = source.parsed(
      "SMS_ROUTES",
      expected:
        "routes separated by semicolons, each a country or +prefix, =, and providers in order, such as SE=vonage:Acme,twilio"
    ) { text in
      let parts = text.split(separator: ";").filter { $0.contains { $0 != " " } }
      let routes = parts.compactMap { TextRoute($0) }
      // Of two for the same numbers one would never be used.
      let isDoubled = routes.indices.contains { index in
        routes[..<index].contains { $0.destination == routes[index].destination }
      }
      return routes.count == parts.count && !isDoubled ? routes : nil
    }
    return routes ?? []
  }

  static func rates(_ source: inout Environment) -> [String: Double] {
    let rates = source.parsed(
      "SMS_RATES",
      expected: "senders with messages a second, such as +15005550006=1,vonage:Acme=30"
    ) { text -> [String: Double]? in
      var rates: [String: Double] = [:]
      for part in text.split(separator: ",") {
        guard let equals = part.lastIndex(of: "="),
          let rate = Double(part[part.index(after: equals)...].filter { $0 != " " }),
          rate.isFinite, rate >= 0.01, rate <= 10_000
        else { return nil }
        rates[String(part[..<equals].filter { $0 != " " })] = rate
      }
      return rates
    }
    return rates ?? [:]
  }

  static func engines(_ source: inout Environment) -> Engines {
    var engines = Engines()
    let codes = source.parsed(
      "VERIFICATION_ENGINE", expected: "local, twilio-verify, or vonage-verify",
      Engines.Codes.init)
    let apps = source.parsed(
      "TOTP_ENGINE", expected: "local or twilio-verify", Engines.Apps.init)
    let fallback = source.parsed("VERIFICATION_FALLBACK", expected: "local or none") {
      ["local": true, "none": false][$0]
    }
    engines.codes = codes ?? .local
    engines.apps = apps ?? .local
    engines.fallsBack = fallback ?? true
    return engines
  }
}
