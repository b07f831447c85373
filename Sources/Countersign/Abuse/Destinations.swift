import FoundationEssentials
import Synchronization

/// Which numbers messages may go to at all, decided before anything is counted or sent, and what a
/// message to them costs.
///
/// The configuration says which countries are allowed; rules and prices in the database change that
/// while everything runs. A process keeps them in one place, and whoever finds them older than half a
/// second reads them again, so that a change is in force everywhere within one.
package struct Destinations {
  private let store: DestinationStore
  private let phones: PhoneVault
  private let countries: Configuration.AllowedCountries
  private let allowsMagicNumbers: Bool
  private let known: KnownDestinations

  private static let patience: UInt64 = 500_000_000

  package init(_ connection: Connection, _ configuration: Configuration) {
    store = DestinationStore(connection: connection)
    phones = PhoneVault(configuration.keys)
    countries = configuration.allowedCountries
    allowsMagicNumbers = configuration.twilio.isSandbox
    known = configuration.knownDestinations
  }

  private func rules() throws -> DestinationRules {
    let now = MonotonicClock.nanoseconds
    if let rules = known.rules(readAfter: now - min(now, Self.patience)) { return rules }
    // Not under the lock: another that finds them old at the same time reads them too.
    let rules = try store.rules()
    known.keep(rules, readAt: now)
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

  /// The limits that are in force.
  func limits(_ configured: Configuration.Limits) throws -> Configuration.Limits {
    configured.replacing(try rules().limits)
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

/// The rules of a process, shared by its workers.
final class KnownDestinations: Sendable {
  private let known = Mutex<(rules: DestinationRules, readAt: UInt64)?>(nil)

  /// Nil when they were not read since a time.
  func rules(readAfter time: UInt64) -> DestinationRules? {
    known.withLock { known in known.flatMap { $0.readAt > time ? $0.rules : nil } }
  }

  func keep(_ rules: DestinationRules, readAt time: UInt64) {
    known.withLock { known in
      if time > known?.readAt ?? 0 { known = (rules, time) }
    }
  }
}

/// What the database says of destinations.
struct DestinationRules: Sendable {
  struct Priced: Hashable, Sendable {
    let country: String
    let channel: OutgoingMessage.Channel
  }

  var countries: [String: Bool] = [:]
  var types: Set<PhoneNumber.Kind> = []
  var prefixes: [String] = []
  /// Keyed hashes of numbers.
  var numbers: Set<[UInt8]> = []
  var prices: [Priced: Int] = [:]
  /// Those that an administrator has changed, by name.
  var limits: [String: Int] = [:]
}

/// A rule about destinations, as an operator makes it.
package enum DestinationRule: Sendable {
  case country(String, isAllowed: Bool)
  case type(PhoneNumber.Kind)
  case prefix(String)
  case number(PhoneNumber)

  /// The rule for what begins with `+` and up to 14 digits; nil for anything else.
  package init?(prefix: String) {
    let digits = prefix.utf8.dropFirst()
    guard prefix.utf8.first == UInt8(ascii: "+"), (1...14).contains(digits.count),
      digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    self = .prefix(prefix)
  }
}
