import Countersign
import FoundationEssentials
import Synchronization

/// The time by which providers let codes expire; it can be put forward.
final class SandboxClock: Sendable {
  private let offset = Mutex<TimeInterval>(0)

  var now: Date { Date.now + offset.withLock { $0 } }

  fileprivate func advance(_ seconds: Int) { offset.withLock { $0 += TimeInterval(seconds) } }
}

/// POST /api/clock: puts the providers' time forward, or back.
struct ClockAPI {
  let clock: SandboxClock

  private struct Body: RequestBody {
    let seconds: Int

    enum CodingKeys: String, CodingKey, CaseIterable { case seconds }
  }

  private struct Answer: Encodable {
    let now: Date
  }

  func advance(_ request: Request) throws -> Response {
    let body: Body = try request.decode()
    guard (-86_400...86_400).contains(body.seconds) else {
      throw Rejection(.invalidField, field: "seconds")
    }
    clock.advance(body.seconds)
    return try .json(Answer(now: clock.now))
  }
}
