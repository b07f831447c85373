import FoundationEssentials
import Logging

/// What a provider's answer means for a message: whether it has it, whether the next one is to have it, or whether it
/// has to be asked again.
struct CourierAnswers {
  private let delivery: DeliveryStore
  private let consent: Consent
  private let log: Logger

  /// How long after an ambiguous answer the provider is asked: its own list may lag behind.
  private static let lookUpDelay: TimeInterval = 2

  init(_ connection: Connection, _ configuration: Configuration, _ log: Logger) {
    delivery = DeliveryStore(connection: connection)
    consent = Consent(connection, configuration)
    self.log = log
  }

  /// What became of a message that was sent.
  func change(_ task: CourierTask, _ outcome: CarrierOutcome, at now: Date) throws
    -> MessageOutcome.Change
  {
    switch outcome {
    case .accepted(let sid, let progress):
      return try accepted(task, sid, progress, at: now)
    case .inProgress(let sid):
      // It is this one only where an answer to it was lost, and starting it again names it. What a payment's code
      // was made for cannot be told from here.
      let mayBeOurs =
        task.message.isReclaimed && task.order.text.hosted?.payment == nil
        && (task.carrier as? any HostedEngine)?.abilities.repeatsStart == true
      guard let sid, mayBeOurs else { return task.passed(.verificationInProgress, at: now) }
      return try accepted(task, sid, CarrierProgress(status: .sent, rank: 1), at: now)
    case .refused(let code, let failure):
      log.warning(
        "provider refused a message",
        metadata: [
          "message_id": "\(task.message.id)", "failure": "\(failure.rawValue)",
          "provider_code": "\(code.map(String.init) ?? "none")",
        ])
      if failure == .destinationOptedOut, let sender = task.carrier.sender {
        try consent.suppressInTransaction(task.message.id, sender: sender, at: now)
      }
      guard let next = task.next, failure.isOfProvider else {
        return .ended(.failed, failure, code: code)
      }
      return .queued(failure, due: now, carrier: next)
    case .notTaken(let after, let failure):
      log.warning(
        "provider did not take a message",
        metadata: [
          "message_id": "\(task.message.id)", "failure": "\(failure.rawValue)",
          "attempt": "\(task.message.attempts)",
        ])
      if let next = task.next { return .queued(failure, due: now, carrier: next) }
      return .queued(
        failure, due: now + Self.pause(attempt: task.message.attempts, after: after), carrier: 0)
    case .unknown:
      log.warning("provider's answer was ambiguous", metadata: ["message_id": "\(task.message.id)"])
      return .unknown(due: now + Self.lookUpDelay)
    }
  }

  /// What a provider says that it has is this message, unless another of ours has that name: a provider that
  /// keeps codes has one for a number, and repeats it.
  private func accepted(
    _ task: CourierTask, _ sid: String, _ progress: CarrierProgress, at now: Date
  ) throws -> MessageOutcome.Change {
    if task.carrier is any HostedEngine,
      try delivery.isKnown(sid: sid, otherThan: task.message.id)
    {
      return task.passed(.verificationInProgress, at: now)
    }
    return .sent(task.carrier, sid: sid, progress)
  }

  /// What became of a message whose outcome was lost, by what the provider knows of it.
  func change(_ task: CourierTask, _ finding: CarrierFinding, at now: Date) throws
    -> MessageOutcome.Change
  {
    guard case .candidates(let candidates) = finding else {
      return .unknown(due: now + Self.pause(attempt: task.message.attempts, after: nil))
    }
    // One that another message of ours has is not this one.
    for candidate in candidates where try !delivery.isKnown(sid: candidate.sid) {
      return .sent(task.carrier, sid: candidate.sid, candidate.progress)
    }
    return .queued(.outcomeUnknown, due: now, carrier: task.message.carrier)
  }

  /// Seconds before another attempt: doubling from half a second to thirty, at most a minute if the
  /// provider asks for more, with jitter so that those who failed together do not return together.
  private static func pause(attempt: Int, after: Int?) -> TimeInterval {
    let backoff = min(30, 0.5 * Double(1 << min(attempt - 1, 6)))
    let wait = after.map { min(60, max(Double($0), backoff)) } ?? backoff
    return wait * Double.random(in: 1...1.25)
  }
}
