import FoundationEssentials
import TestSupport
import Testing

@testable import Countersign

@Suite struct `Choosing destinations` {
  private let connection: Connection
  private var configuration: Configuration
  private let now = Date(timeIntervalSince1970: 1_800_000_000)

  init() throws {
    let location = try TestDatabase.makeWithSchema()
    connection = Connection(location)
    configuration = try testConfiguration(location)
  }

  /// As of a process that has not looked yet.
  private var destinations: Destinations {
    var configuration = configuration
    configuration.knownDestinations = KnownDestinations()
    return Destinations(connection, configuration)
  }

  private func isAllowed(_ number: String) throws -> Bool {
    do {
      _ = try destinations.number(number, region: "US")
      return true
    } catch let rejection as Rejection where rejection.reason == .phoneNotAllowed {
      return false
    }
  }

  private func set(_ rule: DestinationRule) throws {
    try DestinationStore(connection: connection).set(
      rule, note: "", PhoneVault(configuration.keys), at: now)
  }

  @Test("Twilio's own test numbers pass while the sandbox is the provider, and only then")
  mutating func magic() throws {
    #expect(try isAllowed("+15005550009"))
    var production = Environment([
      "TWILIO_ACCOUNT_SID": "AC" + String(repeating: "a", count: 32), "TWILIO_AUTH_TOKEN": "x",
      "TWILIO_PHONE_NUMBER": "+15005550006",
    ])
    configuration.twilio = try #require(TwilioSettings(&production))
    #expect(try !isAllowed("+15005550009"))
  }

  @Test("a country is the number's own, also where a calling code is shared by more than twenty")
  mutating func countries() throws {
    configuration.allowedCountries = .only(["US", "CA"])
    #expect(try isAllowed("+14155552671") && isAllowed("+16135550123"))
    #expect(try !isAllowed("+18765551234") && !isAllowed("+447911123456"))
  }

  @Test("an operator allows a country that the configuration does not, and blocks one that it does")
  mutating func rules() throws {
    configuration.allowedCountries = .only(["US", "CA"])
    try set(.country("JM", isAllowed: true))
    try set(.country("CA", isAllowed: false))
    #expect(try isAllowed("+18765551234"))
    #expect(try !isAllowed("+16135550123"))
    #expect(
      try DestinationStore(connection: connection).remove(
        .country("CA", isAllowed: false), PhoneVault(configuration.keys)))
    #expect(try isAllowed("+16135550123"))
  }

  @Test("a blocked prefix, number, or kind of number takes no others with it")
  func blocked() throws {
    let number = try #require(PhoneNumber("+14155552671", region: "US"))
    try set(.number(number))
    #expect(try !isAllowed("+14155552671") && isAllowed("+14155552672"))
    try set(.prefix("+1415556"))
    #expect(try !isAllowed("+14155560000") && isAllowed("+14155570000"))
    try set(.type(.voip))
    #expect(try !isAllowed("+445612345678") && isAllowed("+447911123456"))
    #expect(
      try DestinationStore(connection: connection).list(PhoneVault(configuration.keys)).count == 3)
  }

  @Test("a change is in force within a second, in a program that has looked already")
  func soon() throws {
    let one = Destinations(connection, configuration)
    let another = Destinations(Connection(configuration.database), configuration)
    let number = try #require(PhoneNumber("+14155552671", region: "US"))
    #expect(try one.allows(number))
    try set(.prefix("+1415555"))
    // One look serves all workers for half a second.
    #expect(try another.allows(number))
    MonotonicClock.sleep(milliseconds: 600)
    #expect(try !one.allows(number) && !another.allows(number))
  }

  @Test("the operator's price stands above the provider's, and that above the built-in table")
  func prices() throws {
    let number = try #require(PhoneNumber("+14155552671", region: "US"))
    let store = DestinationStore(connection: connection)
    func cost(_ text: String = "one segment") throws -> Int {
      try destinations.cost(of: text, to: number, .sms)
    }
    let builtIn = try cost()
    #expect(try cost(String(repeating: "x", count: 161)) == 2 * builtIn)
    try store.learn(9_000, country: "US", .sms, at: now)
    #expect(try cost() == 9_000)
    try store.setPrice(7_000, country: "US", .sms, at: now)
    #expect(try cost() == 7_000)
    try store.setPrice(nil, country: "US", .sms, at: now)
    #expect(try cost() == 9_000)
  }
}
