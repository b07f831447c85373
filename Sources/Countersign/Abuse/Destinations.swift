import FoundationEssentials

/// Which numbers messages may go to at all, decided before anything is counted or sent, and what a
/// message to them costs.
///
/// The configuration says which countries are allowed; rules and prices in the database change that
/// while everything runs. They are read again when they are older than half a second, so that a change
/// is in force everywhere within one.
package final class Destinations {
  private let store: DestinationStore
  private let phones: PhoneVault
  private let countries: Configuration.AllowedCountries
  private let allowsMagicNumbers: Bool
  private var known: (rules: DestinationRules, readAt: UInt64)?

  private static let patience: UInt64 = 500_000_000

  package init(_ connection: Connection, _ configuration: Configuration) {
    store = DestinationStore(connection: connection)
    phones = PhoneVault(configuration.keys)
    countries = configuration.allowedCountries
    allowsMagicNumbers = configuration.twilio.isSandbox
  }

  private func rules() throws -> DestinationRules {
    let now = MonotonicClock.nanoseconds
    if let known, now - known.readAt < Self.patience { return known.rules }
    let rules = try store.rules()
    known = (rules, now)
    return rules
  }

  /// Reads a number that a caller sent, and refuses those that must not be sent to.
  ///
  /// - Throws: `invalid_field` when it is no number; `phone_not_allowed` for premium, shared-cost,
  ///   satellite, and other unsuitable ranges, for countries outside the allowed ones, and for what an
  ///   operator has blocked. The country is the number's own: +1 is shared by more than twenty.
  package func number(_ text: String, region: String) throws -> PhoneNumber {
    guard let (number, plan) = PhoneNumber.read(text, region: region) else {
      throw Rejection(.invalidField, field: "phoneNumber")
    }
    guard try allows(number, plan) else { throw Rejection(.phoneNotAllowed, field: "phoneNumber") }
    return number
  }

  /// True when a number that we hold may be sent to now.
  func allows(_ number: PhoneNumber) throws -> Bool {
    guard let (_, plan) = PhoneNumber.read(number.e164, region: "ZZ") else { return false }
    return try allows(number, plan)
  }

  private func allows(_ number: PhoneNumber, _ plan: PhoneNumber.Plan) throws -> Bool {
    if number.isTwilioMagic, allowsMagicNumbers { return true }
    let rules = try rules()
    guard plan.kind != .unsuitable, plan.region != "001",
      rules.countries[plan.region] ?? countries.contains(plan.region),
      !rules.types.contains(plan.kind), !rules.prefixes.contains(where: number.e164.hasPrefix)
    else { return false }
    return try rules.numbers.isEmpty || !rules.numbers.contains(phones.hash(number))
  }

  /// What a message costs, in millionths of a US dollar: what an operator says, else what the provider
  /// last charged, else the built-in table.
  func cost(of text: String, to number: PhoneNumber, _ channel: OutgoingMessage.Channel) throws
    -> Int
  {
    let isCall = channel == .call
    let price =
      try rules().prices[DestinationRules.Priced(country: number.region, channel: channel)]
      ?? (isCall ? MessagePrices.call(number.region) : MessagePrices.text(number.region))
    return isCall ? price : price * ShortMessage.segments(text)
  }
}

/// What the database says of destinations.
struct DestinationRules {
  struct Priced: Hashable {
    let country: String
    let channel: OutgoingMessage.Channel
  }

  var countries: [String: Bool] = [:]
  var types: Set<PhoneNumber.Kind> = []
  var prefixes: [String] = []
  /// Keyed hashes of numbers.
  var numbers: Set<[UInt8]> = []
  var prices: [Priced: Int] = [:]
}

/// A rule about destinations, as an operator makes it.
package enum DestinationRule: Sendable {
  case country(String, isAllowed: Bool)
  case type(PhoneNumber.Kind)
  case prefix(String)
  case number(PhoneNumber)
}
