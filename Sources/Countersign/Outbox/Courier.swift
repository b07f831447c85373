import FoundationEssentials
package import Logging

/// Sends what is queued: claims, sends, records, on one thread and over connections that are kept.
///
///     claim (UPDATE, committed) ─▶ send (HTTP) ─▶ record (UPDATE)
///
/// A message leaves once. The claim is committed before anything is sent, and each outcome has one
/// consequence:
///
/// - taken: recorded with the provider's sid, its text wiped;
/// - refused for what it is: recorded, an alert when it was a code or an operator must act;
/// - refused or certainly not taken by this provider (no connection, 429, 503): handed to the next one,
///   after the last of them queued again, later each time, until it expires;
/// - perhaps taken (no answer, 500, this process killed in between): never simply sent again, since
///   providers know no idempotency key. The provider is asked for messages to the number with this
///   text, and only when it knows of none is the message sent again. Where a provider cannot be asked
///   a notice goes out a second time, since two of it do less harm than none, and a code does not.
///
/// A message that has expired is not sent, whatever happened to it before.
package final class Courier {
  private let connection: Connection
  private let store: CourierStore
  private let delivery: DeliveryStore
  private let vault: MessageVault
  private let carriers: Carriers
  private let receipts: ReceiptStore
  private let consent: Consent
  private let records: CourierRecords
  private let calls: FallbackCalls
  private let poster: EventPoster
  private let events: HostEvents
  private let log: Logger
  private let bell: CourierBellReceiver
  private let destinations: DestinationStore
  private let transfers = TransferSet<Work>(connections: maximumTransfers)
  private var outcomes: [MessageOutcome] = []

  /// Transfers at once. Codes may use all of them, everything else leaves room for codes that come
  /// meanwhile.
  private static let maximumTransfers = 64
  private static let reservedForCodes = 16
  private static let smallestClaim = 16
  /// A transfer takes ten seconds at most, and one of SMTP a minute; a lease that outlives it by five is never
  /// taken from a courier that lives.
  private static func lease(_ channel: OutgoingMessage.Channel) -> TimeInterval {
    channel == .email ? 65 : 15
  }
  /// How long after an ambiguous answer the provider is asked: its own list may lag behind.
  private static let lookUpDelay: TimeInterval = 2
  /// How often a notice is handed to a provider that cannot be asked what it took.
  private static let attemptsWithoutAnswer = 2
  /// How long an idle courier sleeps without a ring.
  private static let pollMilliseconds: Int32 = 500

  /// How often the provider is asked what it charged, and how long after the start for the first time.
  private static let priceSeconds: UInt64 = 600
  private static let firstPriceSeconds: UInt64 = 5

  /// How often it is looked for events for the host that nobody rang for.
  private static let postSeconds: UInt64 = 1
  /// How often providers that said nothing are asked.
  private static let silenceSeconds: UInt64 = 1
  /// How many of the silent are asked at once: codes need the places.
  private static let maximumQuestions = 8

  /// What a transfer is for.
  private enum Work {
    case message(Task)
    case price(DestinationStore.Unpriced)
    case receipt(ReceiptStore.Silent, any Carrier)
    case event(HostEventStore.Claimed)
  }

  private struct Task {
    let message: CourierStore.Claimed
    let order: CarrierOrder
    let carrier: any Carrier
    let isLookUp: Bool
  }

  package init(_ configuration: Configuration, _ log: Logger) throws {
    connection = Connection(configuration.database)
    store = CourierStore(connection: connection)
    delivery = DeliveryStore(connection: connection)
    destinations = DestinationStore(connection: connection)
    receipts = ReceiptStore(connection: connection)
    consent = Consent(connection, configuration)
    records = CourierRecords(connection, configuration, log)
    calls = FallbackCalls(connection, configuration, log)
    poster = EventPoster(connection, configuration, log)
    events = HostEvents(connection, configuration)
    vault = MessageVault(keys: configuration.keys)
    carriers = Carriers(configuration)
    self.log = log
    bell = try CourierBellReceiver(path: configuration.courierSocket)
  }

  /// Sends until the program is told to stop, then waits for what is under way and records it.
  package func run() {
    var claimsAt: UInt64 = 0
    var isBacklog = false
    let started = MonotonicClock.nanoseconds
    var pricesAt = started + Self.firstPriceSeconds * 1_000_000_000
    var (postsAt, silenceAt) = (started, started)
    func isDue(_ time: inout UInt64, every seconds: UInt64, _ now: UInt64) -> Bool {
      guard now >= time else { return false }
      time = now + seconds * 1_000_000_000
      return true
    }
    while !Signals.wait(milliseconds: 0) {
      // Recording comes first: what is known of a message must not be overtaken by its next claim.
      collect()
      let now = MonotonicClock.nanoseconds
      let isRung = bell.drain()
      if isRung || isBacklog || now >= claimsAt {
        isBacklog = attempt("claim") { try claim() } ?? false
        claimsAt = now + UInt64(Self.pollMilliseconds) * 1_000_000
        attempt("calls") { try calls.queue(at: .now) }
      }
      if isRung || poster.isReadyForMore { postsAt = now }
      if isDue(&postsAt, every: Self.postSeconds, now) { attempt("events") { try postEvents() } }
      if isDue(&pricesAt, every: Self.priceSeconds, now) {
        attempt("prices") { try askPrices() }
      }
      if isDue(&silenceAt, every: Self.silenceSeconds, now) {
        attempt("receipts") { try askSilent() }
      }
      let isFull = Self.maximumTransfers - transfers.count < Self.smallestClaim
      // With a backlog and free places there is more to claim at once.
      transfers.wait(
        descriptor: bell.descriptor,
        milliseconds: isBacklog && !isFull ? 0 : transfers.count > 0 ? 50 : Self.pollMilliseconds)
    }
    log.notice("stopping", metadata: ["under_way": "\(transfers.count)"])
    Signals.exitUnlessDone(within: 20)
    while transfers.count > 0 || !outcomes.isEmpty || poster.isUnfinished {
      collect()
      if transfers.count > 0 { transfers.wait(descriptor: -1, milliseconds: 50) }
    }
    log.notice("stopped")
  }

  /// Does what needs the database; without it the courier goes on with what it has, and tries
  /// again.
  @discardableResult
  private func attempt<Value>(_ what: String, _ body: () throws -> Value) -> Value? {
    do {
      return try body()
    } catch {
      log.error(
        "courier cannot reach its queue", metadata: ["during": "\(what)", "error": "\(error)"])
      transfers.wait(descriptor: -1, milliseconds: 200)
      return nil
    }
  }

  // MARK: Claiming

  /// Fills the free places, codes first; true when there may be more than fitted.
  private func claim() throws -> Bool {
    // A claim costs the same for one message as for many: a few places are waited for.
    guard Self.maximumTransfers - transfers.count >= Self.smallestClaim else { return true }
    var isBacklog = false
    for (lane, channel) in try store.due(at: .now) {
      let places =
        Self.maximumTransfers - transfers.count - (lane == .codes ? 0 : Self.reservedForCodes)
      guard places > 0 else {
        isBacklog = true
        continue
      }
      guard !carriers[channel].isEmpty else { continue }
      let now = Date.now
      let claimed = try store.claim(
        lane, channel, limit: places, at: now,
        leaseUntil: now.addingTimeInterval(Self.lease(channel)))
      let stopped = channel == .sms ? try consent.stopped(claimed.map(\.destinationHash)) : [:]
      for message in claimed { begin(message, stopped[message.destinationHash] ?? [], now) }
      if claimed.count == places { isBacklog = true }
    }
    return isBacklog
  }

  private func begin(_ message: CourierStore.Claimed, _ stopped: Set<String>, _ now: Date) {
    guard message.expiresAt > now else {
      // What may have been sent and could not be looked up in its time stays unknown for good.
      let status: MessageStatus = message.isReclaimed ? .unknown : .expired
      outcomes.append(MessageOutcome(message: message, change: .ended(status, .expired, code: nil)))
      return
    }
    do {
      let order = CarrierOrder(
        message: message.id, channel: message.channel,
        to: try vault.openDestination(message.destinationSealed, message.id),
        text: try vault.openText(message.payloadSealed, message.id),
        lifetime: Int(message.expiresAt.timeIntervalSince(now)))
      let carriers = carriers[message.channel]
      // There may be fewer than when it was queued.
      let index = min(message.carrier, carriers.count - 1)
      let carrier = carriers[index]
      if !message.isReclaimed, message.channel == .sms, consent.isStopped(carrier.sender, stopped) {
        // Whoever has stopped this sender may still be reached by the next one.
        let change =
          index + 1 < carriers.count
          ? MessageOutcome.Change.queued(.destinationOptedOut, due: now, carrier: index + 1)
          : .ended(.failed, .destinationOptedOut, code: nil)
        return outcomes.append(MessageOutcome(message: message, change: change))
      }
      if message.isReclaimed {
        if let request = carrier.lookUp(order) {
          let task = Task(message: message, order: order, carrier: carrier, isLookUp: true)
          return transfers.add(request, .message(task))
        }
        guard message.kind != OutgoingMessage.Kind.code.rawValue,
          message.attempts <= Self.attemptsWithoutAnswer
        else {
          let change = MessageOutcome.Change.ended(.unknown, .outcomeUnknown, code: nil)
          return outcomes.append(MessageOutcome(message: message, change: change))
        }
      }
      transfers.add(
        try carrier.send(order),
        .message(Task(message: message, order: order, carrier: carrier, isLookUp: false)))
    } catch {
      // A key that was retired too early, or a row that was tampered with: no later attempt can
      // open it.
      log.error("message cannot be opened", metadata: ["message_id": "\(message.id)"])
      outcomes.append(
        MessageOutcome(
          message: message, change: .ended(.failed, .providerRequestRejected, code: nil)))
    }
  }

  /// Asks what messages cost, one a country: budgets of money go by it.
  private func askPrices() throws {
    for message in try destinations.unpriced(at: .now) {
      guard let request = carriers.named("twilio")?.askPrice(sid: message.sid, message.channel)
      else { continue }
      transfers.add(request, .price(message))
    }
  }

  /// Gives up waiting for receipts that did not come, and asks once.
  private func askSilent() throws {
    let free = Self.maximumTransfers - Self.reservedForCodes - transfers.count
    for silent in try receipts.giveUpSilent(limit: min(Self.maximumQuestions, free), at: .now) {
      guard let carrier = carriers.named(silent.provider),
        let request = carrier.askStatus(sid: silent.sid)
      else { continue }
      transfers.add(request, .receipt(silent, carrier))
    }
  }

  private func postEvents() throws {
    for (request, event) in try poster.claim(at: .now) { transfers.add(request, .event(event)) }
  }

  // MARK: Recording

  private func collect() {
    for (work, result) in transfers.advance() {
      switch work {
      case .message(let task):
        outcomes.append(
          MessageOutcome(
            message: task.message, change: task.isLookUp ? found(task, result) : sent(task, result))
        )
      case .price(let message):
        guard let amount = carriers.named("twilio")?.price(result), amount > 0 else { continue }
        attempt("price") {
          try destinations.learn(amount, country: message.country, message.channel, at: .now)
        }
      case .receipt(let silent, let carrier):
        guard let report = carrier.status(result, sid: silent.sid) else { continue }
        attempt("receipt") {
          try connection.transaction {
            if try delivery.advance(report, at: .now) {
              try delivery.tell(report, events, at: .now)
            }
          }
        }
      case .event(let event): poster.take(event, result, at: .now)
      }
    }
    attempt("events") { try poster.record(at: .now) }
    guard !outcomes.isEmpty else { return }
    // Not recorded: tried again with the next ones. If this process dies first, the leases end and
    // the provider is asked.
    let isRecorded: Bool? = attempt("record") {
      try records.keep(outcomes)
      return true
    }
    if isRecorded == true { outcomes = [] }
  }

  private func sent(_ task: Task, _ result: Result<TransferResponse, TransferError>)
    -> MessageOutcome.Change
  {
    let now = Date.now
    let next = task.message.carrier + 1
    let hasNext = next < carriers[task.message.channel].count
    switch task.carrier.outcome(result, of: task.order) {
    case .accepted(let sid, let progress):
      return .sent(provider: task.carrier.name, sid: sid, progress)
    case .refused(let code, let failure):
      log.warning(
        "provider refused a message",
        metadata: [
          "message_id": "\(task.message.id)", "failure": "\(failure.rawValue)",
          "provider_code": "\(code.map(String.init) ?? "none")",
        ])
      if failure == .destinationOptedOut, let sender = task.carrier.sender {
        attempt("consent") {
          try consent.suppressInTransaction(task.message.id, sender: sender, at: now)
        }
      }
      guard hasNext, failure.isOfProvider else { return .ended(.failed, failure, code: code) }
      return .queued(failure, due: now, carrier: next)
    case .notTaken(let after, let failure):
      log.warning(
        "provider did not take a message",
        metadata: [
          "message_id": "\(task.message.id)", "failure": "\(failure.rawValue)",
          "attempt": "\(task.message.attempts)",
        ])
      if hasNext { return .queued(failure, due: now, carrier: next) }
      return .queued(
        failure,
        due: now.addingTimeInterval(Self.pause(attempt: task.message.attempts, after: after)),
        carrier: 0)
    case .unknown:
      log.warning("provider's answer was ambiguous", metadata: ["message_id": "\(task.message.id)"])
      return .unknown(due: now.addingTimeInterval(Self.lookUpDelay))
    }
  }

  private func found(
    _ task: Task, _ result: Result<TransferResponse, TransferError>
  ) -> MessageOutcome.Change {
    let now = Date.now
    let askAgain = MessageOutcome.Change.unknown(
      due: now.addingTimeInterval(Self.pause(attempt: task.message.attempts, after: nil)))
    guard case .candidates(let candidates) = task.carrier.finding(task.order, result) else {
      return askAgain
    }
    for candidate in candidates {
      // One that another message of ours has is not this one.
      guard let isKnown = attempt("look up", { try delivery.isKnown(sid: candidate.sid) }) else {
        return askAgain
      }
      if !isKnown {
        return .sent(
          provider: task.carrier.name, sid: candidate.sid, candidate.progress)
      }
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
