import FoundationEssentials
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
  /// Since when those answer well again that this courier has seen down; the distant future while they do not.
  private var wellSince: [String: Date] = [:]

  private struct Transfer {
    let provider: String
    let since: Date
    /// Somebody waits for it, unlike for mail.
    let isUrgent: Bool
    var isLate = false
  }

  /// How often the figures are written while nothing changes.
  private static let writingSeconds: TimeInterval = 5
  /// How long a provider has to be well before its alert is resolved.
  private static let wellSeconds: TimeInterval = 60

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
        try alerts.raise(.providerDown, about: provider, at: now)
      }
      if breaker.state != .closed { wellSince[provider] = .distantFuture }
      if breaker.state == .closed, wellSince[provider] == .distantFuture {
        wellSince[provider] = now
      }
      written[provider] = breaker.state
    }
    // One that comes and goes is down.
    for (provider, time) in wellSince where time < now - Self.wellSeconds {
      try alerts.resolve(.providerDown, about: provider, at: now)
      wellSince[provider] = nil
    }
    if isDue { writtenAt = now }
  }
}
