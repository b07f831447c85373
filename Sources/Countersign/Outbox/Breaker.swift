import FoundationEssentials

/// Whether a provider is to be used, by how it answered lately.
///
///     closed ── half of its answers fail, or it does not answer a question ──▶ open
///       ▲                                                                       │ five seconds, twice as long
///       └─── a message goes through ─── half open: asked, then given one ◀──────┘ each time, a minute at most
///
/// A code that was handed to a provider that does not answer cannot be given to another, since it may have
/// been sent. So a provider that nobody has heard of for a while is asked something harmless first, where
/// there is another to turn to, and a broken one costs no code.
struct Breaker: Sendable {
  enum State: String, Sendable {
    case closed, open
    case halfOpen = "half"
  }

  /// What to do with a message that it could have.
  enum Advice: Equatable {
    case use
    /// Ask whether it is there, and use it if so.
    case ask
    case avoid
  }

  private(set) var state = State.closed
  private(set) var changedAt: Date
  private(set) var lastFailure: (failure: Failure, at: Date)?
  private var reopensAt = Date.distantPast
  private var pause = firstPause
  private var lastHeard = Date.distantPast
  /// When it was given the one message that decides, half open; nil while it is asked.
  private var trial: Trial?

  private enum Trial {
    case due
    case underWay(since: Date)
  }
  private var answers: [(at: Date, isGood: Bool, milliseconds: Int)] = []

  private static let firstPause: TimeInterval = 5
  private static let longestPause: TimeInterval = 60
  /// How long a good answer lets us believe that there will be another.
  private static let trust: TimeInterval = 5
  /// Answers of so many seconds decide, when there are enough of them.
  private static let window: TimeInterval = 10
  private static let enough = 3
  /// An answer that takes longer is no good one: somebody waits for a code.
  static let slow: TimeInterval = 3
  private static let remembered: TimeInterval = 60
  private static let maximumRemembered = 512

  init(at now: Date) {
    changedAt = now
  }

  mutating func advice(at now: Date) -> Advice {
    switch state {
    case .closed: return now.timeIntervalSince(lastHeard) < Self.trust ? .use : .ask
    case .halfOpen:
      switch trial {
      case nil: return .ask
      case .due:
        trial = .underWay(since: now)
        return .use
      case .underWay(let since):
        // It may have left by no provider, or have been somebody's who wants none.
        guard now.timeIntervalSince(since) > Self.trialSeconds else { return .avoid }
        trial = nil
        return .ask
      }
    case .open:
      settle(at: now)
      return state == .open ? .avoid : .ask
    }
  }

  /// Lets an open breaker be half open once its time has come.
  mutating func settle(at now: Date) {
    guard state == .open, now >= reopensAt else { return }
    trial = nil
    change(to: .halfOpen, at: now)
  }

  private static let trialSeconds: TimeInterval = 15

  /// Notes how an answer went; nil for a good one.
  ///
  /// - Parameter after: seconds that the provider asked to be left alone for.
  mutating func note(_ failure: Failure?, seconds: TimeInterval, after: Int? = nil, at now: Date) {
    let isGood = failure == nil && seconds < Self.slow
    answers.append((now, isGood, Int(seconds * 1_000)))
    if answers.count > Self.maximumRemembered { answers.removeFirst(Self.maximumRemembered / 2) }
    guard isGood else {
      lastFailure = (failure ?? .providerUnavailable, now)
      // The next one asks.
      lastHeard = .distantPast
      let recent = answers.filter { $0.at > now - Self.window }
      let failed = recent.count { !$0.isGood }
      if state == .halfOpen || failed >= Self.enough && failed * 2 >= recent.count {
        open(after: after, at: now)
      }
      return
    }
    lastHeard = now
    if state != .closed { close(at: now) }
  }

  /// Notes that a question went unanswered, or was answered with an error.
  mutating func noteSilence(at now: Date) {
    answers.append((now, false, 0))
    lastFailure = (.providerUnavailable, now)
    open(after: nil, at: now)
  }

  /// Notes that a question was answered. One that does not send messages may still answer questions: after a bad time
  /// it is given one message first.
  mutating func noteReply(at now: Date) {
    lastHeard = now
    guard state != .closed else { return }
    trial = .due
    if state == .open { change(to: .halfOpen, at: now) }
  }

  private mutating func open(after: Int?, at now: Date) {
    if state != .open { change(to: .open, at: now) }
    reopensAt = now + max(pause, min(Self.longestPause, TimeInterval(after ?? 0)))
    pause = min(Self.longestPause, pause * 2)
    lastHeard = .distantPast
    trial = nil
  }

  private mutating func close(at now: Date) {
    pause = Self.firstPause
    // What came before it recovered says nothing about it now.
    answers.removeAll { !$0.isGood }
    change(to: .closed, at: now)
  }

  private mutating func change(to state: State, at now: Date) {
    self.state = state
    changedAt = now
  }

  /// Answers and failures of the last minute, and what an answer took on average.
  mutating func figures(at now: Date) -> (answers: Int, failures: Int, milliseconds: Int) {
    answers.removeAll { $0.at <= now - Self.remembered }
    let total = answers.reduce(0) { $0 + $1.milliseconds }
    return (
      answers.count, answers.count { !$0.isGood }, answers.isEmpty ? 0 : total / answers.count
    )
  }
}
