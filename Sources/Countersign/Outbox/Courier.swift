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
/// - not even handed over, since the provider's breaker is open or it does not answer a question: to the
///   next one at once;
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
  private let counts: MessageCounts
  private var teller: AlertTeller
  private let transfers = TransferSet<Work>(connections: maximumTransfers)
  private var outcomes: [MessageOutcome] = []
  private var handover: Handover
  private let answers: CourierAnswers
  /// Something was put back into the queue that is due already.
  private var isPassedOn = false

  /// Transfers at once. Codes may use all of them, everything else leaves room for codes that come
  /// meanwhile.
  private static let maximumTransfers = 64
  private static let reservedForCodes = 16
  private static let smallestClaim = 16
  /// A transfer takes ten seconds at most, and one of SMTP a minute; before it a provider may be asked for two seconds
  /// whether it is there, and for two to cancel a code. A lease that outlives all of it is never taken from a courier
  /// that lives.
  private static func lease(_ channel: OutgoingMessage.Channel) -> TimeInterval {
    channel == .email ? 65 : 15
  }
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
  /// How often what was counted is added to the counts.
  private static let countSeconds: UInt64 = 5
  /// How many of the silent are asked at once: codes need the places.
  private static let maximumQuestions = 8

  /// What a transfer is for.
  private enum Work {
    case message(CourierTask)
    /// The end of an earlier code of a provider's, which the message's then replaces.
    case cancellation(CourierTask, any HostedEngine)
    /// A question whether a provider is there.
    case probe(String)
    case price(DestinationStore.Unpriced)
    case receipt(ReceiptStore.Silent, any Carrier)
    case event(HostEventStore.Claimed)
  }

  package init(_ configuration: Configuration, _ log: Logger) throws {
    connection = Connection(configuration.database)
    store = CourierStore(connection: connection)
    delivery = DeliveryStore(connection: connection)
    destinations = DestinationStore(connection: connection)
    counts = MessageCounts(connection)
    teller = AlertTeller(connection, configuration)
    receipts = ReceiptStore(connection: connection)
    consent = Consent(connection, configuration)
    records = CourierRecords(connection, configuration, log)
    calls = FallbackCalls(connection, configuration, log)
    poster = EventPoster(connection, configuration, log)
    events = HostEvents(connection, configuration)
    vault = MessageVault(keys: configuration.keys)
    carriers = Carriers(configuration)
    handover = Handover(connection, configuration, names: carriers.names, log)
    answers = CourierAnswers(connection, configuration, log)
    self.log = log
    bell = try CourierBellReceiver(path: configuration.courierSocket)
  }

  /// Sends until the program is told to stop, then waits for what is under way and records it.
  package func run() {
    var claimsAt: UInt64 = 0
    var isBacklog = false
    let started = MonotonicClock.nanoseconds
    var pricesAt = started + Self.firstPriceSeconds * 1_000_000_000
    var (postsAt, silenceAt, countsAt) = (started, started, started)
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
      if isRung || isBacklog || isPassedOn || now >= claimsAt {
        isPassedOn = false
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
      if isDue(&countsAt, every: Self.countSeconds, now) {
        attempt("counts") { try counts.add() }
        attempt("alerts") { try teller.tell(at: .now) }
      }
      attempt("health") { try handover.watch(at: .now) }
      let isFull = places < Self.smallestClaim
      // With a backlog and free places there is more to claim at once, and what was decided without a transfer
      // is to be recorded.
      let isMore = isBacklog && !isFull || !outcomes.isEmpty
      transfers.wait(
        descriptor: bell.descriptor,
        milliseconds: isMore ? 0 : transfers.count > 0 ? 50 : Self.pollMilliseconds)
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

  /// Places for transfers that are free.
  private var places: Int {
    Self.maximumTransfers - transfers.count - handover.waiting
  }

  /// Fills the free places, codes first; true when there may be more than fitted.
  private func claim() throws -> Bool {
    // A claim costs the same for one message as for many: a few places are waited for.
    guard places >= Self.smallestClaim else { return true }
    var isBacklog = false
    for (lane, channel) in try store.due(at: .now) {
      let places = places - (lane == .codes ? 0 : Self.reservedForCodes)
      guard places > 0 else {
        isBacklog = true
        continue
      }
      guard carriers.carry(channel) else { continue }
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
        lifetime: Int(message.expiresAt.timeIntervalSince(now)), since: message.createdAt)
      let route = carriers.route(order, country: message.country)
      guard !route.isEmpty else {
        let change = MessageOutcome.Change.ended(.failed, .providerMisconfigured, code: nil)
        return outcomes.append(MessageOutcome(message: message, change: change))
      }
      // There may be fewer than when it was queued.
      let index = min(message.carrier, route.count - 1)
      var task = CourierTask(
        message: message, order: order, carrier: route[index],
        next: index + 1 < route.count ? index + 1 : nil)
      guard message.isReclaimed else {
        if message.channel == .sms, consent.isStopped(task.carrier.sender, stopped) {
          // Whoever has stopped this sender may still be reached by the next one.
          let change = task.passed(.destinationOptedOut, at: now)
          return outcomes.append(MessageOutcome(message: message, change: change))
        }
        return take(task) { try handover.consider(task, at: now) }
      }
      if let request = task.carrier.lookUp(order) {
        task.isLookUp = true
        return transfers.add(request, .message(task))
      }
      let isRepeatable = (task.carrier as? any HostedEngine)?.abilities.repeatsStart == true
      guard
        isRepeatable
          || message.kind != OutgoingMessage.Kind.code.rawValue
            && message.attempts <= Self.attemptsWithoutAnswer
      else {
        let change = MessageOutcome.Change.ended(.unknown, .outcomeUnknown, code: nil)
        return outcomes.append(MessageOutcome(message: message, change: change))
      }
      take(task) { try handover.hand(task, at: now) }
    } catch {
      // A key that was retired too early, or a row that was tampered with: no later attempt can
      // open it.
      log.error("message cannot be opened", metadata: ["message_id": "\(message.id)"])
      outcomes.append(
        MessageOutcome(
          message: message, change: .ended(.failed, .providerRequestRejected, code: nil)))
    }
  }

  /// Does with a message what was decided.
  private func take(_ task: CourierTask, _ decide: () throws -> Handover.Step) {
    do {
      switch try decide() {
      case .send:
        transfers.add(try task.carrier.send(task.order), .message(task))
        handover.began(task, at: .now)
      case .cancel(let request, let engine): transfers.add(request, .cancellation(task, engine))
      case .ask(let request): transfers.add(request, .probe(task.carrier.name))
      case .wait: break
      case .change(let change):
        outcomes.append(MessageOutcome(message: task.message, change: change))
      }
    } catch {
      // Its lease ends, and nothing was sent.
      log.error(
        "message cannot be handed over",
        metadata: ["message_id": "\(task.message.id)", "error": "\(error)"])
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
      case .cancellation(let task, let engine):
        let isOver =
          if case .success(let response) = result { engine.isOver(response) } else { false }
        take(task) { try handover.canceled(task, isOver: isOver, at: .now) }
      case .probe(let provider):
        for task in handover.resume(provider, isThere: result.isReply, at: .now) {
          take(task) { try handover.proceed(task, at: .now) }
        }
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
    guard isRecorded == true else { return }
    isPassedOn = outcomes.contains { $0.change.isDue(at: .now) }
    outcomes = []
  }

  private func sent(
    _ task: CourierTask, _ result: Result<TransferResponse, TransferError>
  ) -> MessageOutcome.Change {
    let outcome = task.carrier.outcome(result, of: task.order)
    handover.ended(task, outcome, at: .now)
    return settled(task) { try answers.change(task, outcome, at: .now) }
  }

  private func found(
    _ task: CourierTask, _ result: Result<TransferResponse, TransferError>
  ) -> MessageOutcome.Change {
    let finding = task.carrier.finding(task.order, result)
    return settled(task) { try answers.change(task, finding, at: .now) }
  }

  /// What an answer leads to; what cannot be decided without the database is asked again.
  private func settled(
    _ task: CourierTask, _ read: () throws -> MessageOutcome.Change
  ) -> MessageOutcome.Change {
    guard let change = attempt("answer", read) else { return .unknown(due: .now) }
    switch change {
    // The provider does not have it, and its place there is free.
    case .queued, .ended: attempt("release") { try handover.release(task) }
    case .sent, .unknown: break
    }
    return change
  }
}
