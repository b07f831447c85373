import FoundationEssentials

/// Whether one more code may go where it is to go, by what went there before.
///
/// Three things are looked at, in this order:
///
/// - A budget: so many an hour and a day, and so much money a day, for a prefix, a country, and
///   everything. What is over is stopped at once. Callers who can prove less may use less, so that
///   strangers cannot use up what owners sign in with.
/// - Conversion: where fewer than one code in ten is used of at least thirty, a prefix is slowed: a
///   code every twenty seconds, and strangers solve a puzzle first. When the codes had time to be used
///   and were not, it is stopped. A country is slowed at three hundred and stopped at a thousand,
///   without the prefixes that have a good record of their own.
/// - Risk: strangers solve a puzzle also where half of an hour's budget is used up.
///
/// Codes to numbers that an account has verified are neither counted as conversion nor stopped by it.
struct SendJudgement {
  let settings: Configuration.Limits

  /// How far a caller may go into a budget, in tenths.
  enum Standing: Int {
    /// Nobody we know.
    case stranger = 8
    /// Somebody who has proven a password, or the host, about a number that nobody has proven.
    case known = 9
    /// The owner of the number.
    case owner = 10
  }

  /// What is to be judged.
  struct Sending {
    let standing: Standing
    let isToUnproven: Bool
    /// How hard the puzzle was whose solution came with it; nought for none.
    let difficulty: Int
    /// What it costs, in millionths of a US dollar.
    let cost: Int
    /// What was added already: nought for a request that sends nothing.
    let added: TrafficStore.Addition
  }

  /// Why not.
  enum Objection: Equatable {
    /// Too much, or too little used; seconds until it may be tried again.
    case refused(SendRefusal, seconds: Int)
    /// A puzzle has to be solved first, whose answer begins with so many zero bits.
    case proofNeeded(SendRefusal, difficulty: Int)
  }

  /// From how many codes on a scope is slowed, and from how many it is stopped: a country later, since
  /// so many more are hit by that.
  private static let leastInPrefix = (slow: 30, stop: 30)
  private static let leastInCountry = (slow: 300, stop: 1_000)
  private static let slowGap: TimeInterval = 20
  /// How long a first stop lasts.
  private static let firstStop: TimeInterval = 1_800

  /// What speaks against a send; nil when it may go out.
  func judge(_ traffic: [Traffic], _ sending: Sending, at now: Date) -> Objection? {
    for scope in traffic {
      if let (budget, seconds) = overspent(scope, sending, at: now) {
        return .refused(SendRefusal(budget, scope.scope), seconds: seconds)
      }
    }
    return judgeConversion(traffic, sending, at: now)
  }

  // MARK: Budgets

  /// A budget of a scope.
  enum Budget: String, CaseIterable {
    case hour, day, money
  }

  func limit(_ budget: Budget, of scope: Traffic.Scope) -> Int {
    switch (scope, budget) {
    case (.prefix, .hour): settings.sendsPerPrefixPerHour
    case (.prefix, .day): settings.sendsPerPrefixPerDay
    case (.prefix, .money): Int.max
    case (.country, .hour): settings.sendsPerCountryPerHour
    case (.country, .day): settings.sendsPerCountryPerDay
    case (.country, .money): settings.dollarsPerCountryPerDay * 1_000_000
    case (.everything, .hour): settings.sendsPerHour
    case (.everything, .day): settings.sendsPerDay
    case (.everything, .money): settings.dollarsPerDay * 1_000_000
    }
  }

  func used(_ budget: Budget, _ traffic: Traffic, at now: Date) -> Int {
    switch budget {
    case .hour: traffic.sentLastHour(at: now)
    case .day: traffic.sentToday(at: now)
    case .money: traffic.costToday(at: now)
    }
  }

  /// A budget that this is too much for, and seconds until it begins anew.
  private func overspent(
    _ traffic: Traffic, _ sending: Sending, at now: Date
  ) -> (SendRefusal.Cause, Int)? {
    for budget in Budget.allCases {
      // As though it were sent, also where it is not: nobody is to be told whether it would be.
      let more =
        budget == .money ? sending.cost - sending.added.cost : 1 - sending.added.sent
      let limit = limit(budget, of: traffic.scope)
      let share =
        limit == .max
        ? limit
        : limit / 10 * sending.standing.rawValue
          + limit % 10 * sending.standing.rawValue / 10
      let wanted = used(budget, traffic, at: now) + more
      guard wanted > share else { continue }
      let period: TimeInterval = budget == .hour ? 3_600 : 86_400
      let passed = now.timeIntervalSince1970.truncatingRemainder(dividingBy: period)
      return (
        wanted > limit ? .budget(budget) : .share(budget),
        max(1, Int((period - passed).rounded(.up)))
      )
    }
    return nil
  }

  /// The budgets of which half is used up.
  func halfUsed(_ traffic: Traffic, at now: Date) -> [Budget] {
    Budget.allCases.filter {
      let limit = limit($0, of: traffic.scope)
      return used($0, traffic, at: now) >= limit - limit / 2
    }
  }

  // MARK: Conversion

  private func judgeConversion(
    _ traffic: [Traffic], _ sending: Sending, at now: Date
  ) -> Objection? {
    let prefix = traffic.first { if case .prefix = $0.scope { true } else { false } }
    let hasGoodRecord =
      prefix.map { $0.conversion.used > 0 && !hasCollapsed($0.conversion, atLeast: 1) } ?? false
    var puzzle: (refusal: SendRefusal, difficulty: Int)?
    for scope in traffic {
      let least: (slow: Int, stop: Int)
      switch scope.scope {
      case .prefix: least = Self.leastInPrefix
      case .country:
        if hasGoodRecord { continue }
        least = Self.leastInCountry
      case .everything:
        if puzzle == nil, halfUsed(scope, at: now).contains(.hour) {
          puzzle = (SendRefusal(.risk, scope.scope), settings.proofDifficulty)
        }
        continue
      }
      let end = scope.stoppedUntil.flatMap { $0 > now ? $0 : nil }
      let isStopped = end != nil || hasCollapsed(scope.mature(at: now), atLeast: least.stop)
      if isStopped, sending.isToUnproven {
        return .refused(
          SendRefusal(end == nil ? .stops : .stopped, scope.scope),
          seconds: Self.seconds(from: now, to: end ?? now + Self.firstStop))
      }
      var before = scope.conversion
      if sending.isToUnproven { before.sent -= sending.added.sent }
      guard isStopped || hasCollapsed(before, atLeast: least.slow) else { continue }
      let difficulty = settings.proofDifficulty + (isStopped ? 2 : 0)
      if difficulty > puzzle?.difficulty ?? 0 {
        puzzle = (SendRefusal(.slowed, scope.scope), difficulty)
      }
    }
    guard let puzzle else { return nil }
    if sending.standing == .stranger, sending.difficulty < puzzle.difficulty {
      return .proofNeeded(puzzle.refusal, difficulty: puzzle.difficulty)
    }
    // Where it is slowed, whoever asks waits for a turn.
    guard puzzle.refusal.cause == .slowed, sending.isToUnproven,
      let last = prefix?.previousSentAt, last + Self.slowGap > now
    else { return nil }
    return .refused(puzzle.refusal, seconds: Self.seconds(from: now, to: last + Self.slowGap))
  }

  private func hasCollapsed(_ conversion: Traffic.Conversion, atLeast least: Int) -> Bool {
    conversion.hasCollapsed(atLeast: least, percent: settings.leastConversionPercent)
  }

  private static func seconds(from now: Date, to end: Date) -> Int {
    max(1, Int(end.timeIntervalSince(now).rounded(.up)))
  }
}

/// Why a code was not sent, for the log, metrics, and alerts; the caller is not told.
struct SendRefusal: Equatable {
  enum Cause: Equatable {
    case budget(SendJudgement.Budget)
    /// What is left of it is kept for those who can prove more.
    case share(SendJudgement.Budget)
    /// The conversion has collapsed now, and the scope is to be stopped.
    case stops
    case stopped
    case slowed
    case risk
  }

  let cause: Cause
  let scope: Traffic.Scope

  init(_ cause: Cause, _ scope: Traffic.Scope) {
    self.cause = cause
    self.scope = scope
  }

  /// The limit's name.
  var name: String {
    let kind =
      switch scope {
      case .prefix: "prefix"
      case .country: "country"
      case .everything: "everything"
      }
    return switch cause {
    case .budget(let budget), .share(let budget): "\(kind)-\(budget.rawValue)"
    case .stops, .stopped: "\(kind)-stopped"
    case .slowed: "\(kind)-slowed"
    case .risk: "\(kind)-risk"
    }
  }
}
