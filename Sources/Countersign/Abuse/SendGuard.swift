import FoundationEssentials

/// What stands before every code that is sent, over all programs, purposes, and channels together.
///
/// It runs the transaction that queues a code, and adds two statements to it: one counts the code for
/// its number, its address, and its account, before anything else is done, and one counts it for its
/// prefix, its country, and everything, at the end, since those rows are shared by most sends. What is
/// too much undoes all of it. Nothing is given back when a provider refuses: what counts is what was
/// asked for.
struct SendGuard {
  private let connection: Connection
  private let limits: SlidingLimits
  private let traffic: TrafficStore
  private let destinations: Destinations
  private let puzzles: ProofOfWork
  private var judgement: SendJudgement
  private let alerts: Alerts
  private let consent: Consent
  private let canCall: Bool
  private var settings: Configuration.Limits

  init(_ connection: Connection, _ configuration: Configuration) {
    self.connection = connection
    limits = SlidingLimits(connection, configuration.keys)
    traffic = TrafficStore(connection: connection)
    destinations = Destinations(connection, configuration)
    puzzles = ProofOfWork(configuration.keys)
    judgement = SendJudgement(settings: configuration.limits)
    alerts = Alerts(connection, configuration)
    consent = Consent(connection, configuration)
    canCall = configuration.canCall
    settings = configuration.limits
  }

  /// A code that somebody asks for.
  struct Request {
    let number: PhoneNumber
    let channel: OutgoingMessage.Channel
    let text: MessageText
    let asker: Asker
    /// An account has verified the number: it is sent what its owner signs in or proves something
    /// with.
    let isNumberProven: Bool
    var kind = Kind.code

    enum Kind: Equatable {
      case code
      /// What was counted as a text that did not arrive, said on the phone.
      case fallback
      /// The host's own words, which have a limit of their own or none.
      case text(isLimited: Bool)
    }

    /// Whether somebody has answered STOP is their business, and their host's.
    fileprivate var mayKnowOfStop: Bool {
      switch asker {
      case .stranger: false
      case .owner: isNumberProven
      case .host: true
      }
    }
  }

  /// Who asks for a code, and so which limits apply.
  enum Asker {
    /// Nobody we know.
    case stranger(Stranger, ProofOfWork.Action)
    /// Somebody who has proven a password, at an address.
    case owner(Account.ID, address: String)
    /// The host's backend, which answers for its own users.
    case host(Account.ID?)

    var address: String? {
      switch self {
      case .stranger(let stranger, _): stranger.address
      case .owner(_, let address): address
      case .host: nil
      }
    }

    /// A stranger who asks for a reset is answered the same for every number, whatever is done.
    fileprivate var hearsNothing: Bool {
      if case .stranger(_, .resetPassword) = self { true } else { false }
    }

    var account: Account.ID? {
      switch self {
      case .stranger: nil
      case .owner(let account, _): account
      case .host(let account): account
      }
    }
  }

  /// Runs the transaction that sends a code.
  ///
  /// - Parameters:
  ///   - permit: what may forbid it, before anything is counted.
  ///   - queue: queues the code. False when nothing is sent, which the caller is not to be told: all
  ///     is decided as though it were.
  /// - Throws: `send_refused` when the number may not be sent to; `destination_opted_out`, to who may know it, when its
  ///   holder wants no texts from us, with the channel that is left; `send_limit_reached` with the time to
  ///   wait; `proof_required` with a puzzle.
  func send(
    _ request: Request, at now: Date, permit: () throws -> Void = {}, queue: () throws -> Bool
  ) throws {
    var inForce = self
    inForce.settings = try destinations.limits(settings)
    inForce.judgement = SendJudgement(settings: inForce.settings)
    try inForce.sendWithin(request, at: now, permit: permit, queue: queue)
  }

  private func sendWithin(
    _ request: Request, at now: Date, permit: () throws -> Void, queue: () throws -> Bool
  ) throws {
    // A number that a caller sent was looked at before; this is one that we hold.
    guard try destinations.allows(request.number) else {
      throw Rejection(.sendRefused, retryAfter: 3_600).limited(by: "destination")
    }
    // The provider would refuse it too; one that makes codes itself has senders of its own, which this is not about.
    let isOurs = request.channel == .sms && request.text.hosted == nil
    let isStopped = try isOurs && consent.isOptedOut(request.number)
    if isStopped, request.mayKnowOfStop { throw optedOut }
    let cost = try destinations.cost(of: request.text.body, to: request.number, request.channel)
    let proof = try proof(of: request.asker, at: now)
    let charges = charges(request, proof)
    do {
      let after = try connection.transaction(beforeAgain: { try limits.open(charges, at: now) }) {
        try permit()
        _ = try limits.chargeInTransaction(charges, at: now)
        return try count(
          request, cost, isSent: isStopped ? false : try queue(),
          difficulty: proof?.difficulty ?? 0, at: now)
      }
      noteHalfUsed(after, at: now)
      if isStopped, !request.asker.hearsNothing {
        throw Rejection(.sendRefused, retryAfter: 3_600).limited(by: "consent")
      }
    } catch let refused as SlidingLimits.Refused {
      // A solution that was used is worth a new puzzle, not a wait.
      if case .proof = refused.key {
        throw try proofRequired(
          SendRefusal(.risk, .everything), settings.proofDifficulty, request.asker, at: now)
      }
      throw Rejection(.sendLimitReached, retryAfter: refused.seconds).limited(by: refused.key.name)
    } catch let unfit as Unfit {
      switch unfit.objection {
      case .refused(let refusal, let seconds):
        note(refusal, at: now)
        throw Rejection(.sendLimitReached, retryAfter: seconds).limited(by: refusal.name)
      case .proofNeeded(let refusal, let difficulty):
        note(refusal, at: now)
        throw try proofRequired(refusal, difficulty, request.asker, at: now)
      }
    }
  }

  private var optedOut: Rejection {
    let refusal = Rejection(.optedOut).limited(by: "consent")
    return canCall ? refusal.adding("channel", .text("call")) : refusal
  }

  // MARK: Counting

  private func charges(_ request: Request, _ proof: ProofOfWork.Solved?) -> [SlidingLimits.Charge] {
    let (hour, day): (TimeInterval, TimeInterval) = (3_600, 86_400)
    if request.kind == .fallback { return [] }
    if case .text(let isLimited) = request.kind {
      let limits = [
        SlidingLimit(settings.sendsPerNumberPerHour, per: hour),
        SlidingLimit(settings.sendsPerNumberPerDay, per: day),
      ]
      return isLimited ? [(.textsTo(request.number), limits)] : []
    }
    var charges: [SlidingLimits.Charge] = [
      (
        .sendsTo(request.number),
        [
          SlidingLimit(settings.sendsPerNumberPerHour, per: hour),
          SlidingLimit(settings.sendsPerNumberPerDay, per: day),
        ]
      )
    ]
    if case .stranger = request.asker {
      // The same share of the day, or a stranger who comes back every hour would take all of it.
      charges.append(
        (
          .anonymousSendsTo(request.number),
          [
            SlidingLimit(settings.anonymousSendsPerNumberPerHour, per: hour),
            SlidingLimit(max(1, settings.sendsPerNumberPerDay * 3 / 5), per: day),
          ]
        ))
    }
    if let account = request.asker.account {
      charges.append(
        (
          .sendsOf(account),
          [
            SlidingLimit(settings.sendsPerAccountPerHour, per: hour),
            SlidingLimit(settings.sendsPerAccountPerDay, per: day),
          ]
        ))
    }
    if let address = request.asker.address {
      charges.append(
        (
          .sendsFrom(address: address),
          [
            SlidingLimit(settings.sendsPerAddressPerHour, per: hour),
            SlidingLimit(settings.sendsPerAddressPerDay, per: day),
          ]
        ))
    }
    if let proof {
      charges.append((.proof(proof.id), [SlidingLimit(1, per: ProofOfWork.lifetime)]))
    }
    return charges
  }

  /// Thrown inside the transaction, which it undoes.
  private struct Unfit: Error {
    let objection: SendJudgement.Objection
  }

  private func count(
    _ request: Request, _ cost: Int, isSent: Bool, difficulty: Int, at now: Date
  ) throws -> [Traffic] {
    let addition = TrafficStore.Addition(
      sent: isSent ? 1 : 0, cost: isSent ? cost : 0, isToUnproven: !request.isNumberProven)
    let after = try traffic.add(addition, to: Traffic.Scope.all(of: request.number), at: now)
    let standing: SendJudgement.Standing =
      switch request.asker {
      case .stranger: .stranger
      case .owner, .host: request.isNumberProven ? .owner : .known
      }
    let objection = judgement.judge(
      after,
      SendJudgement.Sending(
        standing: standing, isToUnproven: !request.isNumberProven, difficulty: difficulty,
        cost: cost, added: addition), at: now)
    if let objection { throw Unfit(objection: objection) }
    return after
  }

  // MARK: Refusing

  private func proof(of asker: Asker, at now: Date) throws -> ProofOfWork.Solved? {
    guard case .stranger(let stranger, let action) = asker, let solution = stranger.proof else {
      return nil
    }
    return try puzzles.verify(solution, action, address: stranger.address, at: now)
  }

  /// Only strangers are asked for a proof.
  private func proofRequired(
    _ refusal: SendRefusal, _ difficulty: Int, _ asker: Asker, at now: Date
  ) throws -> Rejection {
    guard case .stranger(let stranger, let action) = asker else {
      return Rejection(.sendLimitReached).limited(by: refusal.name)
    }
    let puzzle = try puzzles.puzzle(
      action, address: stranger.address, difficulty: difficulty, at: now)
    return Rejection(.proofRequired, retryAfter: 1).adding("puzzle", .object(puzzle))
      .limited(by: refusal.name)
  }

  /// Notes for an operator, after the transaction was undone. What cannot be noted now is found again
  /// with the next send: the caller's answer stands.
  private func note(_ refusal: SendRefusal, at now: Date) {
    do {
      switch refusal.cause {
      case .budget(let budget):
        try alerts.raiseOnce(
          .budgetUsedUp, about: Self.subject(refusal.scope, budget, now), at: now)
      case .share(let budget):
        try alerts.raiseOnce(
          .budgetShareUsedUp, about: Self.subject(refusal.scope, budget, now), at: now)
      case .stops:
        guard try traffic.stop(refusal.scope, at: now) else { return }
        try alerts.raise(
          .destinationStopped, about: Self.subject(refusal.scope, .hour, now), at: now)
      case .slowed:
        try alerts.raiseOnce(
          .pumpingSuspected, about: Self.subject(refusal.scope, .day, now), at: now)
      case .stopped, .risk:
        break
      }
    } catch {}
  }

  private func noteHalfUsed(_ after: [Traffic], at now: Date) {
    do {
      for scope in after {
        for budget in judgement.halfUsed(scope, at: now) {
          try alerts.raiseOnce(
            .budgetHalfUsed, about: Self.subject(scope.scope, budget, now), at: now)
        }
      }
    } catch {}
  }

  /// What an alert is about: once for a scope, a budget, and its period.
  private static func subject(
    _ scope: Traffic.Scope, _ budget: SendJudgement.Budget, _ now: Date
  ) -> String {
    "\(scope.text) \(budget.rawValue) \(now.rfc3339.prefix(budget == .hour ? 13 : 10))"
  }
}

/// A caller of whom no more is known than this.
package struct Stranger: Sendable {
  package let address: String
  /// The solution of a puzzle, as it was sent.
  package let proof: String?
}

extension Request {
  /// Who sent this, when it came without a session.
  package var stranger: Stranger { Stranger(address: address, proof: headers[.proofOfWork]) }
}
