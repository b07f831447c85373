import FoundationEssentials
import TestSupport
import Testing

@testable import Countersign

@Suite struct `Guarding sends` {
  private let location: DatabaseLocation
  private var configuration: Configuration
  private let now = Date(timeIntervalSince1970: 1_800_000_000)

  init() throws {
    location = try TestDatabase.makeWithSchema()
    configuration = try testConfiguration(location) {
      withoutSendLimits(&$0)
      $0.proofDifficulty = 4
    }
  }

  private static func number(_ index: Int, prefix: String = "+1415555") throws -> PhoneNumber {
    try #require(PhoneNumber(e164: prefix + String(String(10_000 + index).dropFirst())))
  }

  private static func request(
    _ number: PhoneNumber, _ asker: SendGuard.Asker, isNumberProven: Bool
  ) -> SendGuard.Request {
    SendGuard.Request(
      number: number, channel: .sms, text: MessageText(body: "123456"), asker: asker,
      isNumberProven: isNumberProven)
  }

  private static func stranger(_ index: Int, proof: String? = nil) -> SendGuard.Asker {
    .stranger(
      Stranger(address: "10.0.\(index / 256).\(index % 256)", proof: proof), .verifyPhone)
  }

  /// Sends, and returns why not.
  private static func refusal(
    _ guarding: SendGuard, _ request: SendGuard.Request, at now: Date
  ) throws -> Rejection? {
    do {
      try guarding.send(request, at: now) { true }
      return nil
    } catch let rejection as Rejection {
      return rejection
    }
  }

  /// What became of a send, as a word or two.
  private static func outcome(_ act: () throws -> Rejection?) -> String {
    do {
      guard let refusal = try act() else { return "sent" }
      return "\(refusal.reason.code) by \(refusal.limit ?? "nothing")"
    } catch {
      return "\(error)"
    }
  }

  @Test(
    "of a hundred callers at once a budget lets pass exactly as many as it says",
    arguments: [
      "prefix-hour", "prefix-day", "country-hour", "country-day", "everything-hour",
      "everything-day", "country-money", "everything-money",
    ])
  func exact(budget: String) throws {
    var configuration = configuration
    switch budget {
    case "prefix-hour": configuration.limits.sendsPerPrefixPerHour = 37
    case "prefix-day": configuration.limits.sendsPerPrefixPerDay = 37
    case "country-hour": configuration.limits.sendsPerCountryPerHour = 37
    case "country-day": configuration.limits.sendsPerCountryPerDay = 37
    case "everything-hour": configuration.limits.sendsPerHour = 37
    case "everything-day": configuration.limits.sendsPerDay = 37
    case "country-money": configuration.limits.dollarsPerCountryPerDay = 1
    default: configuration.limits.dollarsPerDay = 1
    }
    if budget.hasSuffix("money") {
      // A dollar buys 37 of these.
      try DestinationStore(connection: Connection(location)).setPrice(
        27_000, country: "US", .sms, at: now)
    }
    let (final, now) = (configuration, now)
    let outcomes = atOnce(100) { index in
      Self.outcome {
        try Self.refusal(
          SendGuard(Connection(final.database), final),
          Self.request(Self.number(index), .host(nil), isNumberProven: true), at: now)
      }
    }
    #expect(outcomes.count { $0 == "sent" } == 37)
    #expect(outcomes.count { $0 == "send_limit_reached by \(budget)" } == 63)
    let alerts = try Connection(location).all("SELECT kind, subject FROM alert ORDER BY kind")
    #expect(
      try alerts.map { try $0.text("kind") } == ["budget_half_used", "budget_used_up"])
  }

  @Test("a refused send leaves no trace in any count")
  func undone() throws {
    let guarding = SendGuard(Connection(location), configuration)
    struct Broken: Error {}
    let request = Self.request(try Self.number(1), .host(nil), isNumberProven: true)
    #expect(throws: Broken.self) { try guarding.send(request, at: now) { throw Broken() } }
    let connection = Connection(location)
    #expect(try connection.first("SELECT scope FROM traffic") == nil)
    #expect(try connection.first("SELECT id FROM limit_window") == nil)
  }

  @Test("a send that goes nowhere is counted for its number, and costs nothing")
  func nowhere() throws {
    let guarding = SendGuard(Connection(location), configuration)
    try guarding.send(
      Self.request(try Self.number(1), Self.stranger(1), isNumberProven: true), at: now
    ) { false }
    let connection = Connection(location)
    #expect(
      try connection.first("SELECT SUM(hour_sent) + SUM(day_cost) AS total FROM traffic")?.int(
        "total") == 0)
    #expect(try !connection.all("SELECT id FROM limit_window").isEmpty)
  }

  @Test("of twenty uses of one solution at once, one counts")
  func proofOnce() throws {
    let (configuration, now) = (configuration, now)
    let guarding = SendGuard(Connection(location), configuration)
    for index in 0..<31 {
      let request = Self.request(
        try Self.number(index), Self.stranger(index), isNumberProven: false)
      let refusal = try Self.refusal(guarding, request, at: now)
      #expect(refusal?.reason == (index < 30 ? nil : .proofRequired))
    }
    let asked = try #require(
      try Self.refusal(
        guarding, Self.request(try Self.number(40), Self.stranger(7), isNumberProven: false),
        at: now))
    guard case .object(let puzzle)? = asked.details["puzzle"] else {
      Issue.record("no puzzle")
      return
    }
    let solution = try solve(puzzle)
    let later = now + 20
    let outcomes = atOnce(20) { index in
      Self.outcome {
        try Self.refusal(
          SendGuard(Connection(configuration.database), configuration),
          Self.request(
            Self.number(100 + index), Self.stranger(7, proof: solution), isNumberProven: false),
          at: later)
      }
    }
    #expect(outcomes.count { $0 == "sent" } == 1)
    #expect(outcomes.count { $0.hasPrefix("proof_required by ") } == 19)
  }

  @Test("a clock that goes back takes nothing from any count")
  func clock() throws {
    let guarding = SendGuard(Connection(location), configuration)
    func send(_ time: Date) throws {
      let request = Self.request(try Self.number(1), .host(nil), isNumberProven: false)
      try guarding.send(request, at: time) { true }
    }
    func counts() throws -> [Int] {
      let row = try #require(
        try Connection(location).first(
          "SELECT hour_sent, day_sent, span_sent FROM traffic WHERE scope = '*'"))
      return [try row.int("hour_sent"), try row.int("day_sent"), try row.int("span_sent")]
    }
    for _ in 0..<3 { try send(now) }
    try send(now - 2 * 86_400)
    #expect(try counts() == [4, 4, 4])
  }

  @Test("each stop within a day lasts twice as long as the one before, up to twelve hours")
  func longer() throws {
    let store = TrafficStore(connection: Connection(location))
    let scope = Traffic.Scope.prefix("+1415555")
    var time = now
    _ = try store.add(
      TrafficStore.Addition(sent: 1, cost: 0, isToUnproven: true), to: [scope], at: time)
    var minutes: [Int] = []
    for _ in 0..<7 {
      #expect(try store.stop(scope, at: time))
      #expect(try !store.stop(scope, at: time + 1))
      let row = try #require(
        try Connection(location).first("SELECT stopped_until FROM traffic"))
      let end = try row.time("stopped_until")
      minutes.append(Int(end.timeIntervalSince(time) / 60))
      time = end + 60
    }
    #expect(minutes == [30, 60, 120, 240, 480, 720, 720])
    #expect(try store.stop(scope, at: time + 2 * 86_400))
    let row = try #require(try Connection(location).first("SELECT stops FROM traffic"))
    #expect(try row.int("stops") == 1)
  }
}
