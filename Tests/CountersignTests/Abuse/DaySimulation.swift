import FoundationEssentials
import TestSupport

@testable import Countersign

/// A day of sends against the real guard and a real database, with the clock as a value.
///
/// People ask for codes and use most of them within a minute; their pages solve puzzles. Who pumps uses
/// none, and solves puzzles too.
struct DaySimulation {
  /// Numbers that repeat from run to run (SplitMix64).
  struct Chance: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }

    mutating func isTrue(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
  }

  /// Where people's numbers are: as many prefixes as there are letters to fill.
  struct Market {
    let pattern: String
    let share: Int

    /// A number of the market; `#` is any digit, and `N` any but nought and one.
    func number(_ chance: inout Chance) -> String {
      String(
        pattern.map {
          $0 == "#" || $0 == "N"
            ? Character(String(Int.random(in: ($0 == "N" ? 2 : 0)...9, using: &chance))) : $0
        })
    }
  }

  enum Asker {
    /// Somebody who signs up.
    case visitor
    /// Somebody who has an account, and verifies a number or signs in with a verified one.
    case owner(isNumberProven: Bool)
    case fraudster
  }

  struct Event {
    let time: Date
    let number: String
    let address: String
    let asker: Asker
    /// Seconds until the code is typed in; nil when it never is.
    let usedAfter: Double?
  }

  /// What became of the sends of one kind of asker.
  struct Tally {
    var asked = 0
    var sent = 0
    var puzzles = 0
    /// In millionths of a US dollar.
    var cost = 0

    var refused: Int { asked - sent }
  }

  struct Outcome {
    var people = Tally()
    var fraud = Tally()
    var lastFraudSent: Date?
    var firstAlert: Date?
    /// People refused, by the limit that did it.
    var reasons: [String: Int] = [:]
  }

  private var chance: Chance
  private(set) var events: [Event] = []
  let start = Date(timeIntervalSince1970: 1_800_000_000 - 28_800)

  init(seed: UInt64) {
    chance = Chance(state: seed)
  }

  /// People, evenly over a stretch of the day.
  mutating func people(
    _ count: Int, from hour: Double = 0, hours: Double = 24, signingUp percent: Int = 40,
    in markets: [Market]
  ) {
    for _ in 0..<count {
      let time = start + hour * 3_600 + Double.random(in: 0..<hours * 3_600, using: &chance)
      var draw = Int.random(in: 0..<markets.reduce(0) { $0 + $1.share }, using: &chance)
      let market =
        markets.first {
          draw -= $0.share; return draw < 0
        } ?? markets[0]
      let asker: Asker =
        chance.isTrue(percent) ? .visitor : .owner(isNumberProven: chance.isTrue(75))
      let isUsed = chance.isTrue(78)
      let delay = Double.random(in: 8..<90, using: &chance)
      events.append(
        Event(
          time: time, number: market.number(&chance), address: address(), asker: asker,
          usedAfter: isUsed ? delay : nil))
    }
  }

  /// A pumping attack: sequential numbers of a few prefixes, one a second, from many addresses.
  mutating func pumping(_ count: Int, prefixes: [String], addresses: Int, from hour: Double) {
    let sources = (0..<addresses).map { _ in address() }
    for index in 0..<count {
      let block = prefixes[index % prefixes.count]
      let digits = String(10_000 + index / prefixes.count).dropFirst()
      events.append(
        Event(
          time: start + hour * 3_600 + Double(index), number: block + digits,
          address: sources[Int.random(in: 0..<addresses, using: &chance)], asker: .fraudster,
          usedAfter: nil))
    }
  }

  private mutating func address() -> String {
    (0..<4).map { _ in String(Int.random(in: 1...254, using: &chance)) }.joined(separator: ".")
  }

  // MARK: Running

  /// Plays the day.
  func run(_ configuration: Configuration) throws -> Outcome {
    let connection = Connection(configuration.database)
    let guarding = SendGuard(connection, configuration)
    let traffic = TrafficStore(connection: connection)
    let destinations = Destinations(connection, configuration)
    enum Step {
      case ask(Event)
      case use(PhoneNumber, sentAt: Date)
    }
    var outcome = Outcome()
    var uses: [(time: Date, number: PhoneNumber, sentAt: Date)] = []
    for event in events.sorted(by: { $0.time < $1.time }) {
      uses.sort { $0.time > $1.time }
      while let use = uses.last, use.time <= event.time {
        uses.removeLast()
        try traffic.markUsed(use.number, sentAt: use.sentAt)
      }
      guard let number = PhoneNumber(event.number, region: "US") else { continue }
      var tally = event.isFraud ? outcome.fraud : outcome.people
      tally.asked += 1
      let text = MessageText(body: "Countersign: your code to verify your phone is 123456.")
      let refusal = try ask(event, number, text, guarding, &tally)
      if let refusal {
        if !event.isFraud { outcome.reasons[refusal.limit ?? "none", default: 0] += 1 }
      } else {
        tally.sent += 1
        tally.cost += try destinations.cost(of: text.body, to: number, .sms)
        if event.isFraud { outcome.lastFraudSent = event.time }
        if let delay = event.usedAfter, !event.isNumberProven {
          uses.append((event.time + delay, number, event.time))
        }
      }
      if event.isFraud { outcome.fraud = tally } else { outcome.people = tally }
    }
    outcome.firstAlert = try connection.first(
      "SELECT MIN(created_at) AS first FROM alert WHERE kind = 'pumping_suspected'")?
      .optionalTime("first")
    return outcome
  }

  /// Asks, and once more with the puzzle solved; returns why nothing was sent.
  private func ask(
    _ event: Event, _ number: PhoneNumber, _ text: MessageText, _ guarding: SendGuard,
    _ tally: inout Tally
  ) throws -> Rejection? {
    func attempt(proof: String?) throws -> Rejection? {
      let asker: SendGuard.Asker =
        switch event.asker {
        case .visitor, .fraudster:
          .stranger(Stranger(address: event.address, proof: proof), .verifyPhone)
        case .owner: .owner(Account.ID(at: event.time), address: event.address)
        }
      do {
        try guarding.send(
          SendGuard.Request(
            number: number, channel: .sms, text: text, asker: asker,
            isNumberProven: event.isNumberProven), at: event.time
        ) { true }
        return nil
      } catch let rejection as Rejection {
        return rejection
      }
    }
    guard let refusal = try attempt(proof: nil) else { return nil }
    guard case .object(let puzzle)? = refusal.details["puzzle"] else { return refusal }
    tally.puzzles += 1
    return try attempt(proof: solve(puzzle))
  }
}

extension DaySimulation.Event {
  fileprivate var isFraud: Bool { if case .fraudster = asker { true } else { false } }

  fileprivate var isNumberProven: Bool {
    if case .owner(let isNumberProven) = asker { isNumberProven } else { false }
  }
}
