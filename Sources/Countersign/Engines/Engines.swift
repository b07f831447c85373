/// The engines that a configuration has, by what they do.
struct Engines {
  /// Who takes codes that are sent now, in order of preference; none where they are made here.
  let active: [any HostedEngine]
  /// Those and the ones that still judge what they sent before.
  let known: [any HostedEngine]

  init(_ configuration: Configuration) {
    let twilio = configuration.twilioVerify.map { settings -> [any HostedEngine] in
      let payments = TwilioVerify(forPayments: settings, configuration.twilio)
      return [TwilioVerify(settings, configuration.twilio)] + (payments.map { [$0] } ?? [])
    }
    // By whichever version a code was made, that version judges it.
    let vonage = configuration.vonageVerify.flatMap { settings in
      configuration.vonage.map { account -> [any HostedEngine] in
        let versions: [any HostedEngine] = [
          VonageVerify(settings, account), VonageVerify2(settings, account),
        ]
        return settings.version == 1 ? versions : versions.reversed()
      }
    }
    switch configuration.engines.codes {
    case .local: active = []
    case .twilioVerify: active = twilio ?? []
    case .vonageVerify: active = vonage?.first.map { [$0] } ?? []
    }
    known = (twilio ?? []) + (vonage ?? [])
  }

  /// True when a code may be somebody else's.
  var areAny: Bool { !known.isEmpty }

  func named(_ name: String) -> (any HostedEngine)? {
    known.first { $0.name == name }
  }
}
