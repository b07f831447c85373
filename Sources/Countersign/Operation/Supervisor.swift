import FoundationEssentials
import Glibc

/// Keeps the parts of a system running, and stops them in the order that loses nothing.
package final class Supervisor {
  private let state: StateDirectory
  private var children: [ChildProcess] = []

  /// SIGINT or SIGTERM came while the system was starting.
  package struct Interrupted: Error {}

  package init(state: StateDirectory) {
    self.state = state
  }

  /// Takes over a process that has been or will be started elsewhere.
  package func add(_ child: ChildProcess) {
    children.append(child)
  }

  package func start(_ child: ChildProcess) throws {
    try child.start()
    children.append(child)
  }

  // MARK: Starting

  private static let startSeconds = 60

  /// Waits until each URL answers 200.
  package func waitUntilReady(_ urls: [String]) throws {
    for url in urls {
      try wait("\(url) does not answer") {
        var request = TransferRequest(method: .get, url: url)
        request.milliseconds = 2_000
        return (try? Transfer.perform(request))?.status == 200
      }
    }
  }

  package func waitUntilExists(_ path: String) throws {
    try wait("\(path) was not made") { FileManager.default.fileExists(atPath: path) }
  }

  private func wait(_ failure: String, _ condition: () -> Bool) throws {
    let deadline = MonotonicClock.nanoseconds + UInt64(Self.startSeconds) * 1_000_000_000
    while !condition() {
      if Signals.wait(milliseconds: 20) { throw Interrupted() }
      for child in children where child.hasEnded() {
        throw OperatorError(
          "\(child.name) does not start; \(state.logs)/\(child.name).log says why.")
      }
      guard MonotonicClock.nanoseconds < deadline else {
        throw OperatorError(
          "The system does not start: \(failure). The files in \(state.logs) say why.")
      }
    }
  }

  // MARK: Running

  /// Starts a part again whenever one ends, until SIGINT or SIGTERM.
  ///
  /// At once the first time; a part that ends within a second of its start waits a second.
  ///
  /// - Parameter housekeeping: what a real machine's timer does once an hour.
  package func superviseUntilStopped(housekeeping: () throws -> Void) {
    var housekeepingAt = MonotonicClock.nanoseconds
    while !Signals.wait(milliseconds: 50) {
      if MonotonicClock.nanoseconds >= housekeepingAt {
        housekeepingAt = MonotonicClock.nanoseconds + 3_600 * 1_000_000_000
        do {
          try housekeeping()
        } catch {
          Log.writeLine("countersignctl: what is over was not removed: \(error)")
        }
      }
      for child in children where child.hasEnded() {
        let lived = MonotonicClock.nanoseconds - child.startedAt
        if lived < 1_000_000_000 { MonotonicClock.sleep(milliseconds: 1_000) }
        Log.writeLine("countersignctl: \(child.name) ended and is started again")
        do {
          try child.start()
        } catch {
          Log.writeLine("countersignctl: \(error)")
        }
      }
    }
  }

  /// Stops everything: nginx first, so that nothing new comes; the database last, so that what is
  /// under way is recorded.
  package func stop() {
    let order = ["nginx", "mariadb"]
    let web = children.filter { $0.name == order[0] }
    let database = children.filter { $0.name == order[1] }
    let programs = children.filter { !order.contains($0.name) }
    for child in web { child.signal(SIGQUIT) }
    for child in web { child.waitUntilEnded(seconds: 5) }
    for child in programs { child.signal(SIGTERM) }
    for child in programs { child.waitUntilEnded(seconds: 25) }
    for child in database { child.signal(SIGTERM) }
    for child in database { child.waitUntilEnded(seconds: 60) }
  }
}
