import FoundationEssentials
import Glibc
import Logging
import Synchronization

/// One thread that answers requests, with a database connection and everything else of its own.
///
/// A request's life:
///
///     nginx ── connects ─▶ listening socket ─┐
///                                            ├─▶ epoll set ─▶ one worker
///     nginx ── sends ────▶ idle connection ──┘        │
///       ▲                                             ├ has all of it come? no: set aside, look again
///       │                                             ├ libfcgi parses; parameters and body are copied out
///       │                                             ├ route ─▶ act ─▶ flow ─▶ store ─▶ MariaDB
///       └──────────────── answer ─────────────────────┤ libfcgi writes
///                                                     └ the connection goes back into the set
///
/// The worker blocks in MariaDB and nowhere else for long: it does not wait for a client, since a
/// request is parsed only when all of it lies in the socket's buffer (of one that is longer, the first 96 KiB:
/// nginx sends what it has whole), and it calls no provider that sends. While it waits for one that judges a code,
/// another worker stands in for it (`SpareWorkers`).
///
/// Stopping: a worker that sees the order goes on until a wait brings nothing more, so that every
/// request that nginx has already written is answered.
struct Worker {
  let set: ConnectionSet
  let responder: Responder
  let maximumBody: Int
  let metrics: RequestMetrics.Shard
  let log: Logger
  /// How many workers have seen the order to stop, shared by all.
  let stopped: WorkerCount
  /// For a worker that stands in for others: whether it is not needed any more.
  var mayEnd: (@Sendable () -> Bool)?

  /// Serves until the program stops.
  func run() {
    let peek = UnsafeMutableRawBufferPointer.allocate(
      byteCount: ClientConnection.longestLook, alignment: 16)
    defer { unsafe peek.deallocate() }
    var isDraining = false
    while true {
      if let mayEnd, mayEnd() { return }
      switch set.next(within: isDraining ? 50 : mayEnd == nil ? -1 : 200) {
      case .connection(let connection):
        unsafe serve(connection, peek)
      case .stop:
        if mayEnd != nil {
          return
        } else if isDraining {
          usleep(1_000)
        } else {
          isDraining = true
          if stopped.increment() { set.endStopEvent() }
        }
      case .none:
        let laggards = set.takeLaggards()
        for connection in laggards { unsafe serve(connection, peek) }
        if isDraining && laggards.isEmpty { return }
      }
    }
  }

  private func serve(_ connection: ClientConnection, _ peek: UnsafeMutableRawBufferPointer) {
    switch unsafe connection.arrival(peek) {
    case .over:
      return
    case .partial:
      let now = MonotonicClock.nanoseconds
      if connection.waitingSince == 0 { connection.waitingSince = now }
      if now - connection.waitingSince < UInt64(ClientConnection.patience) * 1_000_000_000,
        !set.isStopping
      {
        set.setAside(connection)
      }
      return
    case .whole:
      connection.waitingSince = 0
    }
    let start = MonotonicClock.nanoseconds
    guard let request = connection.receive(maximumBody: maximumBody) else { return }
    var failure: (any Error)?
    let (response, route) = responder.table.respond(to: request) { failure = $0 }
    let head = response.wire(requestID: request.id)
    let isReusable =
      response.rest.map { stream(head, $0.next, to: connection) { failure = $0 } }
      ?? connection.send(head)
    if isReusable { set.rest(connection, isNew: false) }
    let duration = MonotonicClock.nanoseconds - start
    metrics.record(
      route: route, status: response.status.code, nanoseconds: duration, limit: response.limit)
    report(request, response, route, duration, failure)
  }

  /// Sends an answer a part at a time, while another worker takes this one's place: who reads slowly is waited for.
  private func stream(
    _ head: [UInt8], _ next: () throws -> [UInt8]?, to connection: ClientConnection,
    report: (any Error) -> Void
  ) -> Bool {
    connection.patience(seconds: 30)
    defer { connection.patience(seconds: ClientConnection.patience) }
    let sending = {
      var part: [UInt8]? = head
      do {
        while let bytes = part {
          guard connection.write(bytes) else { return false }
          part = try next()
        }
        return connection.finish()
      } catch {
        report(error)
        return false
      }
    }
    do {
      return try SpareWorkers.whileWaiting(sending)
    } catch {
      report(error)
      return false
    }
  }

  /// One line a request: the route's pattern and never its path, no address, nothing personal.
  private func report(
    _ request: Request, _ response: Response, _ route: Int?, _ nanoseconds: UInt64,
    _ failure: (any Error)?
  ) {
    let pattern = route.map { responder.table.routes[$0].pattern } ?? "-"
    if let failure {
      log.error(
        "request failed",
        metadata: ["request_id": "\(request.id)", "route": "\(pattern)", "error": "\(failure)"])
    }
    if let limit = response.limit {
      log.notice(
        "limit refused",
        metadata: ["request_id": "\(request.id)", "route": "\(pattern)", "limit": "\(limit)"])
    }
    guard log.logLevel <= .info else { return }
    var metadata: Logger.Metadata = [
      "request_id": .string(request.id), "method": .string(request.method),
      "route": .string(pattern),
      "status": .stringConvertible(response.status.code),
      "microseconds": .stringConvertible(nanoseconds / 1_000),
    ]
    if let code = response.rejection { metadata["code"] = .string(code) }
    log.info("request", metadata: metadata)
  }
}

/// Counts the workers that have seen the order to stop.
final class WorkerCount: Sendable {
  private let seen = Atomic<Int>(0)
  private let all: Int

  init(of all: Int) {
    self.all = all
  }

  /// Counts one more; true for the last.
  func increment() -> Bool {
    seen.add(1, ordering: .acquiringAndReleasing).newValue == all
  }
}

extension Response {
  /// The answer as CGI output (RFC 3875 section 6).
  func wire(requestID: String) -> [UInt8] {
    var head =
      "Status: \(status.code) \(status.phrase)\r\nX-Request-Id: \(requestID)\r\nCache-Control: no-store\r\n"
    if status != .noContent { head += "Content-Type: \(contentType)\r\n" }
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    if rest == nil { head += "Content-Length: \(body.count)\r\n" }
    head += "\r\n"
    var bytes: [UInt8] = []
    bytes.reserveCapacity(head.utf8.count + body.count)
    bytes.append(contentsOf: head.utf8)
    bytes.append(contentsOf: body)
    return bytes
  }
}
