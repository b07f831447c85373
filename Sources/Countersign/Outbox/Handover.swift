import FoundationEssentials
import Logging

/// A message on its way to one of the providers of its route.
struct CourierTask {
  let message: CourierStore.Claimed
  let order: CarrierOrder
  let carrier: any Carrier
  /// The next of its route; nil for the last.
  let next: Int?
  /// The provider is asked what it knows of it.
  var isLookUp = false

  /// What becomes of it when this provider does not get it: the next one's, or nobody's.
  func passed(_ failure: Failure, at now: Date) -> MessageOutcome.Change {
    next.map { .queued(failure, due: now, carrier: $0) } ?? .ended(.failed, failure, code: nil)
  }
}

/// Deciding whether a provider gets a message now: by its breaker, by the pace of its sender, and, where it keeps
/// codes, by what it has alive for the number.
struct Handover {
  /// What is to be done with a message.
  enum Step {
    case send
    /// An earlier code of the provider's is to end first.
    case cancel(TransferRequest, any HostedEngine)
    /// The provider is to be asked whether it is there, and the message waits here for that.
    case ask(TransferRequest)
    /// It waits for an answer that is under way.
    case wait
    case change(MessageOutcome.Change)
  }

  private var health: ProviderHealth
  private var pacer: Pacer
  private let hosted: HostedCodeStore
  /// Messages that wait for a provider to say that it is there, by its name.
  private var parked: [String: [CourierTask]] = [:]

  /// How long a provider may take to say that it is there: with what follows, a code is with the next one
  /// within three seconds.
  private static let probeMilliseconds = 2_000
  /// With the question before it and the start after it, less than a lease.
  private static let cancelMilliseconds = 2_000
  /// How long a start may take.
  private static let startSeconds: TimeInterval = 10

  /// - Parameter names: of all providers that there are.
  init(
    _ connection: Connection, _ configuration: Configuration, names: [String], _ log: Logger
  ) {
    health = ProviderHealth(connection, configuration, names: names, log)
    pacer = Pacer(configuration.providers.rates)
    hosted = HostedCodeStore(connection: connection)
  }

  /// How many messages wait here.
  var waiting: Int { parked.values.reduce(0) { $0 + $1.count } }

  // MARK: Deciding

  /// Gives a message to its provider, unless that is known or found not to be there and another is.
  mutating func consider(_ task: CourierTask, at now: Date) throws -> Step {
    guard task.next != nil else { return try hand(task, at: now) }
    let provider = task.carrier.name
    let advice = health.advice(provider, at: now)
    guard advice == .ask else { return try follow(advice, task, at: now) }
    guard parked[provider] == nil else {
      parked[provider, default: []].append(task)
      return .wait
    }
    guard var request = task.carrier.probe() else {
      // Where there is nothing to ask, the first message is the question.
      health.note(provider, isThere: true, at: now)
      return try follow(health.advice(provider, at: now), task, at: now)
    }
    request.milliseconds = Self.probeMilliseconds
    parked[provider] = [task]
    return .ask(request)
  }

  /// Notes a provider's answer, and returns the messages that waited for it.
  mutating func resume(_ provider: String, isThere: Bool, at now: Date) -> [CourierTask] {
    health.note(provider, isThere: isThere, at: now)
    return parked.removeValue(forKey: provider) ?? []
  }

  /// Goes on with a message that waited.
  mutating func proceed(_ task: CourierTask, at now: Date) throws -> Step {
    try follow(health.advice(task.carrier.name, at: now), task, at: now)
  }

  private mutating func follow(
    _ advice: Breaker.Advice, _ task: CourierTask, at now: Date
  ) throws -> Step {
    advice == .use ? try hand(task, at: now) : .change(task.passed(.providerUnavailable, at: now))
  }

  /// Gives a message to its provider once its sender's pace, and a provider that keeps codes, have a place for it.
  mutating func hand(_ task: CourierTask, at now: Date) throws -> Step {
    let isCode = task.message.kind == OutgoingMessage.Kind.code.rawValue
    if let due = pacer.wait(task.carrier.sender, isUrgent: isCode, at: now) {
      return .change(.queued(nil, due: due, carrier: task.message.carrier))
    }
    guard let engine = task.carrier as? any HostedEngine else { return .send }
    // Where no other may have it, the code of a number's owner ends what lives there for something else.
    let isPreferred = task.next == nil && task.order.text.hosted?.isNumberProven == true
    switch try hosted.claim(
      engine.name, task.message.destinationHash, for: task.message.id,
      until: task.message.expiresAt, isPreferred: isPreferred,
      isRepeated: task.message.isReclaimed, at: now)
    {
    case .free: return .send
    case .stale(let sid):
      var request = engine.cancel(sid: sid)
      request.milliseconds = Self.cancelMilliseconds
      return .cancel(request, engine)
    case .busy where task.message.isReclaimed:
      // It may have been started, and have lost its place since: it opens nothing.
      return .change(.ended(.unknown, .outcomeUnknown, code: nil))
    case .busy: return .change(task.passed(.verificationInProgress, at: now))
    }
  }

  /// Goes on after an earlier code was to be cancelled.
  func canceled(_ task: CourierTask, isOver: Bool, at now: Date) throws -> Step {
    guard isOver else {
      // The provider would send the old code again, or none.
      try release(task)
      return .change(task.passed(.verificationInProgress, at: now))
    }
    try hosted.clearStale(task.message.id)
    // With too little left of its lease another courier might have it before this one is done.
    return task.message.leaseUntil.timeIntervalSince(now) > Self.startSeconds ? .send : .wait
  }

  /// Gives up a code's place with a provider that does not send it.
  func release(_ task: CourierTask) throws {
    guard task.carrier is any HostedEngine else { return }
    try hosted.giveUp(task.carrier.name, task.message.destinationHash, task.message.id)
  }

  // MARK: Watching

  mutating func began(_ task: CourierTask, at now: Date) {
    health.began(
      task.message.id, task.carrier.name, isUrgent: task.message.channel != .email, at: now)
  }

  /// Notes what an answer says about its provider.
  mutating func ended(_ task: CourierTask, _ outcome: CarrierOutcome, at now: Date) {
    var after: Int?
    if case .notTaken(let seconds, _) = outcome { after = seconds }
    health.ended(task.message.id, outcome.complaint, after: after, at: now)
  }

  /// Counts what takes too long, and writes down how the providers fare.
  mutating func watch(at now: Date) throws {
    health.sweep(at: now)
    try health.write(at: now)
  }
}
