import FoundationEssentials
import TestSupport
import Testing

@testable import Countersign

/// What the defence stops on a day of fraud, and what it lets pass on the others.
@Suite struct `Days` {
  private func configuration(dollarsPerCountry dollars: Int = 50) throws -> Configuration {
    try testConfiguration(try TestDatabase.makeWithSchema()) {
      $0.proofDifficulty = 4
      $0.dollarsPerCountryPerDay = dollars
      $0.dollarsPerDay = 500
    }
  }

  /// A product of the United States with customers elsewhere.
  private let markets = [
    DaySimulation.Market(pattern: "+1415N######", share: 50),
    DaySimulation.Market(pattern: "+1212N######", share: 30),
    DaySimulation.Market(pattern: "+4479########", share: 10),
    DaySimulation.Market(pattern: "+49151########", share: 6),
    DaySimulation.Market(pattern: "+3706#######", share: 4),
  ]

  private func report(_ day: String, _ outcome: DaySimulation.Outcome) {
    let (people, fraud) = (outcome.people, outcome.fraud)
    print(
      "\(day): people \(people.asked) asked, \(people.sent) sent, \(people.puzzles) puzzles, refused \(outcome.reasons);",
      "fraud \(fraud.asked) asked, \(fraud.sent) sent, \(fraud.cost / 10_000) cents")
  }

  @Test("on a normal day fewer than one code in two hundred is lost")
  func normal() throws {
    var day = DaySimulation(seed: 1)
    day.people(4_000, in: markets)
    let outcome = try day.run(try configuration())
    report("normal day", outcome)
    #expect(outcome.people.asked > 3_500)
    #expect(outcome.people.refused * 200 < outcome.people.asked)
    #expect(outcome.firstAlert == nil)
  }

  @Test("on the day of a launch so many sign up at once as in a month, and get their codes")
  func launch() throws {
    var day = DaySimulation(seed: 2)
    day.people(1_000, in: markets)
    day.people(3_000, from: 9, hours: 2, signingUp: 95, in: markets)
    let outcome = try day.run(try configuration())
    report("launch", outcome)
    #expect(outcome.people.refused * 200 < outcome.people.asked)
  }

  @Test("a spike of two minutes in a small country loses no more")
  func spike() throws {
    var day = DaySimulation(seed: 3)
    day.people(500, in: markets)
    day.people(
      1_000, from: 12, hours: 2 / 60, in: [DaySimulation.Market(pattern: "+3706#######", share: 1)])
    let outcome = try day.run(try configuration(dollarsPerCountry: 200))
    report("spike", outcome)
    #expect(outcome.people.refused * 200 < outcome.people.asked)
  }

  @Test("a pumping attack is stopped long before the day's money, and others get their codes")
  func pumping() throws {
    var day = DaySimulation(seed: 4)
    day.people(1_500, in: markets)
    let began = 10.0
    day.pumping(
      5_000, prefixes: ["+3706123", "+3706124", "+3706777"], addresses: 2_000, from: began)
    let configuration = try configuration()
    let outcome = try day.run(configuration)
    report("pumping", outcome)
    #expect(outcome.fraud.asked == 5_000)
    // Unhindered it would have cost 300 dollars, and the country's budget is 50.
    #expect(outcome.fraud.cost < 20_000_000)
    let alert = try #require(outcome.firstAlert)
    #expect(alert.timeIntervalSince(day.start) < began * 3_600 + 300)
    #expect(outcome.people.refused * 200 < outcome.people.asked)
    let budgets = try Connection(configuration.database).all(
      "SELECT subject FROM alert WHERE kind = 'budget_used_up'")
    #expect(budgets.isEmpty)
  }

  @Test("an attack that spreads over a country's prefixes stops the country, and no other")
  func spread() throws {
    var day = DaySimulation(seed: 5)
    day.people(1_000, in: markets)
    var prefixes: [String] = []
    for index in 0..<400 { prefixes.append("+3706" + String(1_000 + index).dropFirst()) }
    day.pumping(5_000, prefixes: prefixes, addresses: 2_000, from: 10)
    let outcome = try day.run(try configuration())
    report("spread pumping", outcome)
    #expect(outcome.fraud.cost < 50_000_000)
    #expect(Set(outcome.reasons.keys).isSubset(of: ["country-stopped", "country-money"]))
    #expect(outcome.people.refused * 50 < outcome.people.asked)
    #expect(try #require(outcome.firstAlert).timeIntervalSince(day.start) < 10 * 3_600 + 600)
  }

  @Test("a prefix recovers by itself when its codes are used again")
  func recovery() throws {
    var day = DaySimulation(seed: 6)
    let block = "+1415555####"
    day.pumping(600, prefixes: ["+1415555"], addresses: 500, from: 1)
    day.people(
      40, from: 6, hours: 1, signingUp: 100, in: [DaySimulation.Market(pattern: block, share: 1)])
    let outcome = try day.run(try configuration())
    report("recovery", outcome)
    #expect(outcome.fraud.sent < 100)
    #expect(outcome.people.refused == 0)
  }
}
