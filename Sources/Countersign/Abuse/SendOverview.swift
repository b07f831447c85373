package import FoundationEssentials

/// How the budgets and the breakers of what goes out stand, for an operator.
package struct SendOverview {
  private let store: TrafficStore
  private let judgement: SendJudgement

  package init(_ connection: Connection, _ configuration: Configuration) throws {
    store = TrafficStore(connection: connection)
    let changed = try DestinationStore(connection: connection).limits()
    judgement = SendJudgement(settings: configuration.limits.replacing(changed))
  }

  /// What went out today and in the last hour, of how much, on one line.
  package func budgets(at now: Date) throws -> String {
    guard let all = try store.overview(at: now).first(where: { $0.scope == .everything }) else {
      return "nothing was sent yet"
    }
    return SendJudgement.Budget.allCases.map { describe($0, all, at: now) }.joined(separator: ", ")
  }

  /// A line for each budget that is half used up, and for each prefix and country that gets no codes.
  package func warnings(at now: Date) throws -> [String] {
    var lines: [String] = []
    for traffic in try store.overview(at: now) {
      for budget in judgement.halfUsed(traffic, at: now) {
        lines.append("budget \(traffic.scope.text): \(describe(budget, traffic, at: now))")
      }
      if let end = traffic.stoppedUntil, end > now {
        lines.append(
          "breaker \(traffic.scope.text): stopped until \(end.rfc3339), since the codes sent there were not used"
        )
      }
    }
    return lines
  }

  private func describe(
    _ budget: SendJudgement.Budget, _ traffic: Traffic, at now: Date
  ) -> String {
    let (used, limit) = (
      judgement.used(budget, traffic, at: now), judgement.limit(budget, of: traffic.scope)
    )
    return switch budget {
    case .hour: "\(used) of \(limit) codes in the last hour"
    case .day: "\(used) of \(limit) codes today"
    case .money: "\(Self.dollars(used)) of \(limit / 1_000_000) dollars today"
    }
  }

  /// Dollars and cents of millionths of a dollar, rounded up.
  private static func dollars(_ amount: Int) -> String {
    let cents = (amount + 9_999) / 10_000
    let rest = cents % 100
    return "\(cents / 100).\(rest < 10 ? "0" : "")\(rest)"
  }
}
