package import FoundationEssentials
import Logging

/// How the providers fare that a courier sends through: a breaker for each, and what of it others are shown.
///
/// Each courier goes by what it sees itself. The table says what the last one saw that used the provider.
struct ProviderHealth {
  private let store: ProviderHealthStore
  private let alerts: Alerts
  private let log: Logger
  private var breakers: [String: Breaker] = [:]
  private var underWay: [OutgoingMessage.ID: Transfer] = [:]
  private var written: [String: Breaker.State] = [:]
  private var writtenAt = Date.distantPast

  private struct Transfer {
    let provider: String
    let since: Date
    /// Somebody waits for it, unlike for mail.
    let isUrgent: Bool
    var isLate = false
  }

  /// How often the figures are written while nothing changes.
  private static let writingSeconds: TimeInterval = 5

  /// - Parameter names: of all there are, so that none keeps the state that an earlier courier has left.
  init(
    _ connection: Connection, _ configuration: Configuration, names: [String], _ log: Logger
  ) {
    store = ProviderHealthStore(connection: connection)
    alerts = Alerts(connection, configuration)
    self.log = log
    for name in names { breakers[name] = Breaker(at: .now) }
  }

  mutating func advice(_ provider: String, at now: Date) -> Breaker.Advice {
    breakers[provider, default: Breaker(at: now)].advice(at: now)
  }

  mutating func began(
    _ message: OutgoingMessage.ID, _ provider: String, isUrgent: Bool, at now: Date
  ) {
    underWay[message] = Transfer(provider: provider, since: now, isUrgent: isUrgent)
  }

  /// Notes an answer; nil for what says nothing about the provider.
  mutating func ended(
    _ message: OutgoingMessage.ID, _ failure: Failure?, after: Int? = nil, at now: Date
  ) {
    // One that was late was counted when it became so.
    guard let transfer = underWay.removeValue(forKey: message), !transfer.isLate else { return }
    breakers[transfer.provider, default: Breaker(at: now)].note(
      failure, seconds: transfer.isUrgent ? now.timeIntervalSince(transfer.since) : 0,
      after: after, at: now)
  }

  mutating func note(_ provider: String, isThere: Bool, at now: Date) {
    if isThere {
      breakers[provider, default: Breaker(at: now)].noteReply(at: now)
    } else {
      breakers[provider, default: Breaker(at: now)].noteSilence(at: now)
    }
  }

  /// Counts what takes too long before it ends, so that the next messages need not wait as well.
  mutating func sweep(at now: Date) {
    for (message, transfer) in underWay
    where transfer.isUrgent && !transfer.isLate
      && now.timeIntervalSince(transfer.since) > Breaker.slow
    {
      underWay[message]?.isLate = true
      breakers[transfer.provider, default: Breaker(at: now)].note(
        .providerUnavailable, seconds: Breaker.slow, at: now)
    }
  }

  /// Writes down what has changed, and every few seconds the figures.
  mutating func write(at now: Date) throws {
    let isDue = now.timeIntervalSince(writtenAt) > Self.writingSeconds
    for provider in Array(breakers.keys) {
      guard var breaker = breakers[provider] else { continue }
      breaker.settle(at: now)
      guard isDue || written[provider] != breaker.state else { continue }
      try store.write(provider, breaker, breaker.figures(at: now), at: now)
      breakers[provider] = breaker
      if let before = written[provider], before != breaker.state {
        log.notice(
          "provider's breaker changed",
          metadata: ["provider": "\(provider)", "state": "\(breaker.state.rawValue)"])
      }
      if breaker.state == .open, written[provider] != .open {
        try alerts.raiseOnce(
          .providerDown, about: "\(provider) \(now.rfc3339.prefix(13))", at: now)
      }
      written[provider] = breaker.state
    }
    if isDue { writtenAt = now }
  }
}

/// A provider as a courier last saw it.
package struct ProviderStanding: Sendable {
  package let provider: String
  /// `closed`, `open`, or `half`.
  package let state: String
  package let changedAt: Date
  /// Of the minute before `seenAt`.
  package let answers: Int
  package let failures: Int
  package let milliseconds: Int
  package let lastFailure: String?
  package let lastFailureAt: Date?
  package let seenAt: Date

  /// Every provider that a courier has had to do with lately, by name.
  package static func all(_ connection: Connection) throws -> [ProviderStanding] {
    try ProviderHealthStore(connection: connection).all()
  }
}

/// The providers there are, as an administrator sees them.
package struct Providers {
  private let store: ProviderHealthStore
  private let carriers: Carriers
  private let line = ProviderLine()

  package init(_ connection: Connection, _ configuration: Configuration) {
    store = ProviderHealthStore(connection: connection)
    carriers = Carriers(configuration)
  }

  /// Each provider that messages may go to, in order of preference, and how it fares; nil for one that was not used
  /// yet.
  package func standings() throws -> [(name: String, standing: ProviderStanding?)] {
    let known = try store.all()
    return carriers.names.map { name in (name, known.first { $0.provider == name }) }
  }

  package struct Reply: Sendable {
    /// Nil for a provider that cannot be asked without sending something.
    package let answered: Bool?
    package let milliseconds: Int?
  }

  /// Asks a provider whether it is there; nil for one that there is none of.
  package func ask(_ name: String) throws -> Reply? {
    guard let carrier = carriers.named(name) else { return nil }
    guard let request = carrier.probe() else { return Reply(answered: nil, milliseconds: nil) }
    let started = MonotonicClock.nanoseconds
    let isReply = try line.perform(request).isReply
    return Reply(
      answered: isReply, milliseconds: Int((MonotonicClock.nanoseconds - started) / 1_000_000))
  }
}

/// The SQL of how providers fare.
struct ProviderHealthStore {
  let connection: Connection

  func write(
    _ provider: String, _ breaker: Breaker,
    _ figures: (answers: Int, failures: Int, milliseconds: Int), at now: Date
  ) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT INTO provider_health (provider, state, changed_at, answers, failures, milliseconds, last_failure, last_failure_at, seen_at)
      VALUES (\(provider), \(breaker.state.rawValue), \(breaker.changedAt), \(figures.answers), \(figures.failures),
              \(figures.milliseconds), \(breaker.lastFailure?.failure.rawValue), \(breaker.lastFailure?.at), \(now))
          ON DUPLICATE KEY UPDATE
             state = VALUES(state), changed_at = VALUES(changed_at), answers = VALUES(answers), failures = VALUES(failures),
             milliseconds = VALUES(milliseconds), last_failure = VALUES(last_failure),
             last_failure_at = VALUES(last_failure_at), seen_at = VALUES(seen_at)
      """)
  }

  func all() throws(DatabaseError) -> [ProviderStanding] {
    var standings: [ProviderStanding] = []
    for row in try connection.all(
      """
      SELECT provider, state, changed_at, answers, failures, milliseconds, last_failure, last_failure_at, seen_at
        FROM provider_health
       WHERE seen_at > UTC_TIMESTAMP() - INTERVAL 1 HOUR
       ORDER BY provider
      """)
    {
      standings.append(
        ProviderStanding(
          provider: try row.text("provider"), state: try row.text("state"),
          changedAt: try row.time("changed_at"), answers: try row.int("answers"),
          failures: try row.int("failures"), milliseconds: try row.int("milliseconds"),
          lastFailure: try row.optionalText("last_failure"),
          lastFailureAt: try row.optionalTime("last_failure_at"), seenAt: try row.time("seen_at")))
    }
    return standings
  }

  func gauges() throws(DatabaseError) -> [Gauge] {
    try all().map { standing in
      Gauge(
        "countersign_provider_available",
        "1 while messages are handed to the provider, 0 while it is left alone.",
        standing.state == "open" ? 0 : 1, labels: "provider=\"\(standing.provider)\"")
    }
  }
}
