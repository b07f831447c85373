import Synchronization

/// Looks at a message for up to two seconds until its outcome is known, for a caller that waits for it.
///
/// Outside any transaction, and bounded in number: a provider that is slow must not hold the workers.
struct OutcomeWatch {
  let outbox: Outbox

  /// So many callers of a process look at a time; the others are answered at once.
  private static let maximumWatchers = 2
  private static let watchers = Atomic<Int>(0)

  /// - Throws: `WillNotBeSent` when no provider will send it.
  func look(at message: OutgoingMessage.ID) throws {
    guard Self.watchers.add(1, ordering: .relaxed).newValue <= Self.maximumWatchers else {
      Self.watchers.subtract(1, ordering: .relaxed)
      return
    }
    defer { Self.watchers.subtract(1, ordering: .relaxed) }
    let deadline = MonotonicClock.nanoseconds + 2_000_000_000
    var pause: UInt32 = 10
    while MonotonicClock.nanoseconds < deadline {
      MonotonicClock.sleep(milliseconds: pause)
      pause = min(pause * 2, 200)
      let standing = try outbox.standing(of: message)
      switch standing?.status {
      case .failed: throw WillNotBeSent(failure: standing?.failure ?? .providerRequestRejected)
      case .queued, .sending: continue
      case nil, .unknown, .sent, .delivered, .undelivered, .expired: return
      }
    }
  }

  struct WillNotBeSent: Error {
    let failure: Failure
  }
}
