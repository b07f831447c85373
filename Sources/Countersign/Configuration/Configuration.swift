import FoundationEssentials
import Logging

/// Everything an operator decides, read once before a program does anything else.
///
/// A program starts only when all of it is there and well formed. No secret has a default, and no
/// default would be wrong in production.
package struct Configuration: Sendable {
  package var publicBaseURL: PublicBaseURL
  package var database: DatabaseLocation
  package var keys: KeyRing
  /// Worker threads of a responder, each with a database connection.
  package var workers: Int
  /// The directory of the sockets between our processes and nginx.
  package var runDirectory: String
  /// The region in which a national phone number is read, ISO 3166 alpha-2.
  package var defaultRegion: String
  package var allowedCountries: AllowedCountries
  /// The name that messages begin with.
  package var productName: String
  package var log: Log.Settings
  package var limits: Limits
  package var twilio: TwilioSettings
  /// Nil where Vonage carries nothing.
  package var vonage: VonageSettings?
  /// Nil where Twilio makes no codes and judges no apps.
  package var twilioVerify: TwilioVerifySettings?
  /// Nil where Vonage makes no codes.
  package var vonageVerify: VonageVerifySettings?
  /// Who makes the codes that are sent, and who judges those of apps.
  package var engines = Engines()
  /// Nil where SendGrid carries nothing.
  package var sendGrid: SendGridSettings?
  /// Nil where no mail server of one's own carries anything.
  package var smtp: SMTPSettings?
  /// Who carries texts and mail, in order of preference. Without anybody for mail, notices by mail wait until
  /// they expire.
  package var providers = Providers(texts: [.twilio], mail: [])
  /// From where administrators come, as nginx writes addresses; empty for everywhere.
  package var adminAddresses: [String] = []
  /// Whether removing factors, changing abuse rules, and making service keys takes two administrators.
  package var dualControl = false
  /// Where alerts go; nil where nobody is told.
  package var alertURL: HostEventSettings?
  package var alertEmail: EmailAddress?
  /// Where the host hears of events; nil where it does not.
  package var hostEvents: HostEventSettings?
  /// Where passwords are looked up among breached ones (the range API of Have I Been Pwned); nil
  /// for the embedded list only.
  package var breachedPasswordsURL: String?
  /// Where an account is topped up; nil to name no place.
  package var depositURL: String?

  /// What was last read of the rules about destinations.
  var knownDestinations = KnownDestinations()

  /// Where the courier listens for word that something was queued.
  var courierSocket: String { "\(runDirectory)/courier.bell" }

  /// Countries that messages may go to.
  package enum AllowedCountries: Sendable {
    case all
    case only(Set<String>)

    package func contains(_ region: String) -> Bool {
      switch self {
      case .all: true
      case .only(let regions): regions.contains(region)
      }
    }
  }

  /// How much of everything; the defaults are those of the published contract.
  package struct Limits: Sendable {
    /// Codes to one number, over all purposes, channels, and programs.
    package var sendsPerNumberPerHour = 5
    package var sendsPerNumberPerDay = 10
    /// Of those of an hour, how many a caller may use who has proven no password.
    package var anonymousSendsPerNumberPerHour = 3
    package var sendsPerAddressPerHour = 20
    package var sendsPerAddressPerDay = 200
    /// Codes of one account, to whatever number.
    package var sendsPerAccountPerHour = 10
    package var sendsPerAccountPerDay = 20
    /// Codes to the numbers that share all but their last four digits.
    package var sendsPerPrefixPerHour = 500
    package var sendsPerPrefixPerDay = 2_000
    package var sendsPerCountryPerHour = 100_000
    package var sendsPerCountryPerDay = 500_000
    package var sendsPerHour = 200_000
    package var sendsPerDay = 1_000_000
    /// What codes may cost, in US dollars.
    package var dollarsPerCountryPerDay = 1_000
    package var dollarsPerDay = 2_000
    /// Of a hundred codes to unproven numbers, how many must be used for more to be sent there; nought
    /// for no such limit.
    package var leastConversionPercent = 10
    /// Zero bits that the solution of a puzzle begins with: each more doubles the work.
    package var proofDifficulty = 18
    package var resendSeconds = 60

    /// Seconds until another code may be asked for in place of one that was issued then; zero once it may.
    func resendWait(after issuedAt: Date, at now: Date) -> Int {
      let end = issuedAt.addingTimeInterval(TimeInterval(resendSeconds))
      return max(0, Int(end.timeIntervalSince(now).rounded(.up)))
    }

    /// Failed tries at codes of one account and factor.
    package var failedCodesPerHour = 10
    package var loginFailuresPerAccount = 10
    package var loginFailuresPerAddress = 50
    package var sessionIdleMinutes = 12 * 60
    package var sessionMaximumHours = 30 * 24
    /// The same of a session of an administrator.
    package var adminIdleMinutes = 15
    /// Whole phone numbers that an administrator may look at.
    package var revealsPerHour = 20
    /// Lists, accounts, and pages of them that an administrator looks at within an hour before that is reported.
    package var looksBeforeAlert = 600
    /// How long transfers wait after a phone or a factor was replaced or removed.
    package var coolingOffHours = 24
    /// Accounts with a wrong second factor within ten minutes that are taken for a spray of guesses.
    package var failingAccountsBeforeAlert = 100

    package init() {}
  }

  /// All that is wrong with a configuration, one sentence each.
  package struct Invalid: Error {
    package let faults: [String]
  }

  /// The configuration of this process.
  package static func read() throws(Invalid) -> Configuration {
    try read(from: .current())
  }

  package static func read(from source: Environment) throws(Invalid) -> Configuration {
    var source = source
    let url: PublicBaseURL? = required(
      &source, "PUBLIC_BASE_URL", "https://host[:port], or http:// on loopback", PublicBaseURL.init)
    let database = required(
      &source, "DATABASE_URL",
      "mariadb://user:password@host[:port][,host…]/database[?socket=…&tls=…]",
      DatabaseLocation.init)
    var keys: KeyRing?
    let ring = source.required("COUNTERSIGN_KEYS")
    if !ring.isEmpty {
      do {
        keys = try KeyRing(parsing: ring, file: source.file("COUNTERSIGN_KEYS"))
      } catch {
        source.fault("COUNTERSIGN_KEYS \(error.reason).")
      }
    }
    let product: String? = required(
      &source, "COUNTERSIGN_PRODUCT_NAME",
      "1 to 24 letters, digits, spaces, hyphens, or full stops",
      productName)
    let region = source.parsed("COUNTERSIGN_DEFAULT_REGION", expected: "a region such as US") {
      text in
      PhoneNumber.isRegion(text) ? text : nil
    }
    let countries = source.parsed(
      "COUNTERSIGN_ALLOWED_COUNTRIES", expected: "* or regions separated by commas, such as US,CA",
      allowedCountries)
    let level = source.parsed(
      "LOG_LEVEL", expected: "trace, debug, info, notice, warning, error, or critical"
    ) {
      Logger.Level(rawValue: $0)
    }
    let format = source.parsed("LOG_FORMAT", expected: "json or text") { Log.Format(rawValue: $0) }
    let limits = limits(&source)
    let workers = source.integer("COUNTERSIGN_WORKERS", default: 8, in: 1...256)
    let texts: [Providers.Texts] = names(
      &source, "SMS_PROVIDERS", "twilio, twilio,vonage, or vonage,twilio")
    if !texts.isEmpty, !texts.contains(.twilio) {
      source.fault("SMS_PROVIDERS must have twilio in it.")
    }
    let routes = routes(&source)
    let rates = rates(&source)
    let twilio = TwilioSettings(&source)
    // Also where it carries nothing: what it carried before may still be reported.
    let engines = engines(&source)
    let sendsByVonage =
      texts.contains(.vonage) || routes.contains { $0.hops.contains { $0.provider == .vonage } }
    let usesVonage =
      sendsByVonage || engines.codes == .vonageVerify || source.value("VONAGE_API_KEY") != nil
    let vonage = usesVonage ? VonageSettings(&source, sendsTexts: sendsByVonage) : nil
    // Also after it has made codes, which it still has to judge.
    let usesVonageVerify =
      engines.codes == .vonageVerify || vonage != nil && source.value("VONAGE_BRAND") != nil
    let vonageVerify = usesVonageVerify ? VonageVerifySettings(&source) : nil
    let usesVerify =
      engines.codes == .twilioVerify || engines.apps == .twilioVerify
      || source.value("TWILIO_VERIFY_SERVICE_SID") != nil
    let twilioVerify = usesVerify ? TwilioVerifySettings(&source) : nil
    let isWithoutMail = source.value("EMAIL_PROVIDERS") == "none"
    let mail: [Providers.Mail] =
      isWithoutMail ? [] : names(&source, "EMAIL_PROVIDERS", "sendgrid, smtp, both, or none")
    let sendGrid = mail.contains(.sendgrid) ? SendGridSettings(&source) : nil
    let smtp = mail.contains(.smtp) ? SMTPSettings(&source) : nil
    let hostEvents = hostEvents(&source)
    let alertURL = alertURL(&source)
    let alertEmail = source.parsed(
      "COUNTERSIGN_ALERT_EMAIL", expected: "an email address", EmailAddress.init)
    let adminAddresses = source.parsed(
      "COUNTERSIGN_ADMIN_ADDRESSES",
      expected: "addresses or networks separated by commas, such as 192.0.2.0/24,2001:db8::/48",
      NetworkAddress.list)
    let dualControl = source.parsed("COUNTERSIGN_DUAL_CONTROL", expected: "on or off") {
      ["on": true, "off": false][$0]
    }
    let breached = source.value("BREACHED_PASSWORDS_URL")
    let deposit = source.parsed(
      "DEPOSIT_URL", expected: "an https:// address of up to 60 characters"
    ) {
      $0.hasPrefix("https://") && $0.utf8.count <= 60 ? $0 : nil
    }
    let run = source.value("COUNTERSIGN_RUN_DIRECTORY") ?? "/run/countersign"
    guard source.faults.isEmpty, let url, let database, let keys, let product, let twilio else {
      throw Invalid(faults: source.faults)
    }
    let configuration = Configuration(
      publicBaseURL: url, database: database, keys: keys, workers: workers, runDirectory: run,
      defaultRegion: region ?? "US", allowedCountries: countries ?? .all, productName: product,
      log: Log.Settings(level: level ?? .info, format: format ?? .json), limits: limits,
      twilio: twilio, vonage: vonage, twilioVerify: twilioVerify, vonageVerify: vonageVerify,
      engines: engines, sendGrid: sendGrid, smtp: smtp,
      providers: Providers(texts: texts, mail: mail, routes: routes, rates: rates),
      adminAddresses: adminAddresses ?? [], dualControl: dualControl ?? false, alertURL: alertURL,
      alertEmail: alertEmail,
      hostEvents: hostEvents,
      breachedPasswordsURL: breached, depositURL: deposit)
    let unknown = rates.keys.filter { !configuration.textSenders.contains($0) }.sorted()
    guard unknown.isEmpty else {
      throw Invalid(faults: [
        "SMS_RATES names \(unknown.joined(separator: ", ")), which sends nothing."
      ])
    }
    return configuration
  }

  private static func required<Value>(
    _ source: inout Environment, _ name: String, _ expected: String, _ parse: (String) -> Value?
  ) -> Value? {
    let text = source.required(name)
    guard !text.isEmpty else { return nil }
    return source.parsed(name, expected: expected, parse)
  }

  /// Names separated by commas, each once.
  private static func names<Name: RawRepresentable<String> & Hashable>(
    _ source: inout Environment, _ variable: String, _ expected: String
  ) -> [Name] {
    let text = source.required(variable)
    guard !text.isEmpty else { return [] }
    let names = text.split(separator: ",").map { part in
      Name(rawValue: String(part.filter { $0 != " " }))
    }
    let known = names.compactMap(\.self)
    guard known.count == names.count, Set(known).count == known.count, !known.isEmpty else {
      source.fault("\(variable) must be \(expected).")
      return []
    }
    return known
  }

  private static func hostEvents(_ source: inout Environment) -> HostEventSettings? {
    let url = source.parsed(
      "COUNTERSIGN_EVENTS_URL", expected: "an https:// address, or http:// on loopback"
    ) { $0.hasPrefix("https://") || Environment.isLocal($0) ? $0 : nil }
    let secret = source.value("COUNTERSIGN_EVENTS_SECRET")
    guard let url else { return nil }
    guard let secret, secret.utf8.count >= 16 else {
      source.fault("COUNTERSIGN_EVENTS_SECRET must be 16 characters or more.")
      return nil
    }
    return HostEventSettings(url: url, secret: Secret(secret))
  }

  /// Signed as events for the host are, where there is a secret.
  private static func alertURL(_ source: inout Environment) -> HostEventSettings? {
    let url = source.parsed(
      "COUNTERSIGN_ALERT_URL", expected: "an https:// address, or http:// on loopback"
    ) { $0.hasPrefix("https://") || Environment.isLocal($0) ? $0 : nil }
    let secret = source.value("COUNTERSIGN_EVENTS_SECRET")
    return url.map { HostEventSettings(url: $0, secret: secret.map { Secret($0) }) }
  }

  private static func allowedCountries(_ text: String) -> AllowedCountries? {
    if text == "*" { return .all }
    let regions = text.split(separator: ",").map { String($0.filter { $0 != " " }) }
    guard !regions.isEmpty, regions.allSatisfy(PhoneNumber.isRegion) else { return nil }
    return .only(Set(regions))
  }

  /// Only characters of the GSM 03.38 alphabet that cost one septet: the name begins every code's
  /// text.
  private static func productName(_ text: String) -> String? {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: " "), UInt8(ascii: "-"),
        UInt8(ascii: "."):
        true
      default: false
      }
    }
    return isPlain && (1...24).contains(text.utf8.count) ? text : nil
  }

  private static func limits(_ source: inout Environment) -> Limits {
    var limits = Limits()
    func read(_ limit: WritableKeyPath<Limits, Int>, _ name: String, _ range: ClosedRange<Int>) {
      limits[keyPath: limit] = source.integer(name, default: limits[keyPath: limit], in: range)
    }
    let count = 1...10_000_000
    let large = 1...1_000_000_000
    read(\.sendsPerNumberPerHour, "TWILIO_MAX_SMS_PER_HOUR", count)
    read(\.sendsPerNumberPerDay, "TWILIO_MAX_SMS_PER_DAY", count)
    read(\.sendsPerAddressPerHour, "COUNTERSIGN_MAX_SENDS_PER_ADDRESS_PER_HOUR", count)
    // Where more goes to a number, more goes to an account and to the numbers around it.
    limits.sendsPerAddressPerDay = limits.sendsPerAddressPerHour * 10
    limits.sendsPerAccountPerHour = limits.sendsPerNumberPerHour * 2
    limits.sendsPerAccountPerDay = limits.sendsPerNumberPerDay * 2
    limits.sendsPerPrefixPerHour = limits.sendsPerNumberPerHour * 100
    limits.sendsPerPrefixPerDay = limits.sendsPerNumberPerDay * 200
    read(\.sendsPerAddressPerDay, "COUNTERSIGN_MAX_SENDS_PER_ADDRESS_PER_DAY", large)
    read(\.sendsPerAccountPerHour, "COUNTERSIGN_MAX_SENDS_PER_ACCOUNT_PER_HOUR", large)
    read(\.sendsPerAccountPerDay, "COUNTERSIGN_MAX_SENDS_PER_ACCOUNT_PER_DAY", large)
    read(\.sendsPerPrefixPerHour, "COUNTERSIGN_MAX_SENDS_PER_PREFIX_PER_HOUR", large)
    read(\.sendsPerPrefixPerDay, "COUNTERSIGN_MAX_SENDS_PER_PREFIX_PER_DAY", large)
    read(\.sendsPerCountryPerHour, "COUNTERSIGN_MAX_SENDS_PER_COUNTRY_PER_HOUR", large)
    read(\.sendsPerCountryPerDay, "COUNTERSIGN_MAX_SENDS_PER_COUNTRY_PER_DAY", large)
    read(\.sendsPerHour, "COUNTERSIGN_MAX_SENDS_PER_HOUR", large)
    read(\.sendsPerDay, "COUNTERSIGN_MAX_SENDS_PER_DAY", large)
    read(\.dollarsPerCountryPerDay, "COUNTERSIGN_BUDGET_PER_COUNTRY_PER_DAY", count)
    read(\.dollarsPerDay, "COUNTERSIGN_BUDGET_PER_DAY", count)
    read(\.leastConversionPercent, "COUNTERSIGN_LEAST_CONVERSION_PERCENT", 0...100)
    read(\.proofDifficulty, "COUNTERSIGN_PROOF_DIFFICULTY", 1...30)
    read(\.resendSeconds, "COUNTERSIGN_RESEND_SECONDS", 0...3_600)
    read(\.failedCodesPerHour, "COUNTERSIGN_MAX_FAILED_CODES_PER_HOUR", count)
    read(\.loginFailuresPerAddress, "COUNTERSIGN_MAX_LOGIN_FAILURES_PER_ADDRESS", count)
    read(\.sessionIdleMinutes, "COUNTERSIGN_SESSION_IDLE_MINUTES", 1...525_600)
    read(\.sessionMaximumHours, "COUNTERSIGN_SESSION_MAX_HOURS", 1...8_760)
    read(\.adminIdleMinutes, "COUNTERSIGN_ADMIN_IDLE_MINUTES", 1...60)
    read(\.looksBeforeAlert, "COUNTERSIGN_LOOKS_ALERT", count)
    read(\.revealsPerHour, "COUNTERSIGN_MAX_REVEALS_PER_HOUR", count)
    read(\.coolingOffHours, "COUNTERSIGN_COOLING_OFF_HOURS", 0...8_760)
    read(\.failingAccountsBeforeAlert, "COUNTERSIGN_FAILING_ACCOUNTS_ALERT", count)
    // A stranger gets three fifths of an hour's codes, so that the owner of the number keeps the
    // rest.
    limits.anonymousSendsPerNumberPerHour = max(1, limits.sendsPerNumberPerHour * 3 / 5)
    return limits
  }
}
