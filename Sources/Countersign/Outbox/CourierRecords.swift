import FoundationEssentials
import Logging

/// What became of a message that a courier had claimed.
struct MessageOutcome {
  let message: CourierStore.Claimed
  let change: Change

  enum Change {
    case sent(any Carrier, sid: String, CarrierProgress)
    case ended(MessageStatus, Failure, code: Int?)
    case queued(Failure?, due: Date, carrier: Int)
    case unknown(due: Date)

    /// True for what is back in the queue and need not wait there.
    func isDue(at now: Date) -> Bool {
      if case .queued(_, let due, _) = self { due <= now } else { false }
    }
  }
}

/// Recording what became of messages, and telling whoever is to hear of it.
struct CourierRecords {
  private let connection: Connection
  private let store: CourierStore
  private let delivery: DeliveryStore
  private let hosted: HostedCodeStore
  private let events: HostEvents
  private let log: Logger

  init(_ connection: Connection, _ configuration: Configuration, _ log: Logger) {
    self.connection = connection
    store = CourierStore(connection: connection)
    delivery = DeliveryStore(connection: connection)
    hosted = HostedCodeStore(connection: connection)
    events = HostEvents(connection, configuration)
    self.log = log
  }

  /// Records outcomes in one transaction; when one of them makes the database refuse all, one by one, and that
  /// one is given up, and takes no other with it.
  ///
  /// - Throws: when the database cannot be reached, and nothing was recorded.
  func keep(_ outcomes: [MessageOutcome]) throws {
    do {
      try connection.transaction { try record(outcomes, at: .now) }
    } catch let error as DatabaseError where !error.isTransient {
      for outcome in outcomes { keep(outcome) }
    }
  }

  private func keep(_ outcome: MessageOutcome) {
    do {
      try connection.transaction { try record([outcome], at: .now) }
    } catch {
      log.error(
        "outcome cannot be recorded",
        metadata: ["message_id": "\(outcome.message.id)", "error": "\(error)"])
      do {
        _ = try store.markEnded(outcome.message, .unknown, .outcomeUnknown, code: nil, at: .now)
        try delivery.alert(outcome.message.id, .outcomeUnknown, at: .now)
      } catch {
        // Its lease ends, and the provider is asked.
        log.error(
          "outcome cannot be given up", metadata: ["message_id": "\(outcome.message.id)"])
      }
    }
  }

  private func record(_ outcomes: [MessageOutcome], at now: Date) throws {
    for outcome in outcomes {
      let message = outcome.message
      switch outcome.change {
      case .sent(let carrier, let sid, let progress):
        let isHosted = carrier is any HostedEngine
        try store.markSent(
          message, provider: carrier.name, sid: sid, progress, isHosted: isHosted, at: now)
        if isHosted {
          try hosted.take(
            carrier.name, message.destinationHash, message.id, sid: sid, until: message.expiresAt)
        }
        if progress.rank >= 4 {
          try delivery.tell(
            Delivery.Report(
              sid: sid, status: progress.status, rank: progress.rank, errorCode: nil, failure: nil),
            events, at: now)
        }
        try delivery.applyEarlyCallback(sid: sid, events, at: now)
      case .ended(let status, let failure, let code):
        guard try store.markEnded(message, status, failure, code: code, at: now) else { continue }
        if status != .expired || message.kind == OutgoingMessage.Kind.code.rawValue {
          try delivery.alert(message.id, failure, at: now)
        }
        if failure.needsOperator || message.kind == OutgoingMessage.Kind.code.rawValue {
          log.error(
            "critical message failed",
            metadata: [
              "message_id": "\(message.id)", "type": "\(message.kind)",
              "channel": "\(message.channel.rawValue)", "failure": "\(failure.rawValue)",
            ])
        }
        try delivery.tellEnded(message.id, status, failure, code: code, events, at: now)
      case .queued(let failure, let due, let carrier):
        try store.markQueued(message, failure, due: due, carrier: carrier)
      case .unknown(let due):
        try store.markUnknown(message, due: due)
      }
    }
  }
}
