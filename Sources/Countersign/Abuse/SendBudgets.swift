import FoundationEssentials

/// How many codes may be sent, over all programs, purposes, and channels together.
///
/// Charged before anything is queued, in the transaction that queues it, and not given back when a
/// provider refuses: what counts is what was asked for.
struct SendBudgets {
  private let limits: SlidingLimits
  private let settings: Configuration.Limits

  init(_ connection: Connection, _ configuration: Configuration) {
    limits = SlidingLimits(connection, configuration.keys)
    settings = configuration.limits
  }

  /// Who asks for a code, and so which budgets apply.
  enum Asker {
    /// Nobody we know, at an address.
    case stranger(address: String)
    /// Somebody who has proven a password, at an address.
    case owner(address: String)
    /// The host's backend, which answers for its own users.
    case host
  }

  /// Charges one code; called inside the transaction, which a refusal undoes.
  ///
  /// - Throws: `send_limit_reached` with the time to wait.
  func chargeInTransaction(_ number: PhoneNumber, _ asker: Asker, at now: Date) throws {
    if let seconds = try limits.chargeInTransaction(charges(number, asker), at: now) {
      throw Rejection(.sendLimitReached, retryAfter: seconds)
    }
  }

  private func charges(
    _ number: PhoneNumber, _ asker: Asker
  ) -> [(key: LimitKey, limits: [SlidingLimit])] {
    let hour: TimeInterval = 3_600
    var charges: [(key: LimitKey, limits: [SlidingLimit])] = [
      (
        .sendsTo(number),
        [
          SlidingLimit(settings.sendsPerNumberPerHour, per: hour),
          SlidingLimit(settings.sendsPerNumberPerDay, per: 24 * hour),
        ]
      )
    ]
    switch asker {
    case .stranger(let address):
      // The same share of the day, or a stranger who comes back every hour would take all of it.
      let share = max(1, settings.sendsPerNumberPerDay * 3 / 5)
      charges.append(
        (
          .anonymousSendsTo(number),
          [
            SlidingLimit(settings.anonymousSendsPerNumberPerHour, per: hour),
            SlidingLimit(share, per: 24 * hour),
          ]
        ))
      charges.append(
        (.sendsFrom(address: address), [SlidingLimit(settings.sendsPerAddressPerHour, per: hour)]))
    case .owner(let address):
      charges.append(
        (.sendsFrom(address: address), [SlidingLimit(settings.sendsPerAddressPerHour, per: hour)]))
    case .host:
      break
    }
    return charges
  }
}
