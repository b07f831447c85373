import Synchronization

/// Workers that stand in for those that wait for a provider.
///
/// A program has few workers, since they wait for nothing but the database. One that has a code judged by a
/// provider may wait for seconds; for each that does another is started, so that as many as were configured
/// are always there for everybody else, and it ends when it is not needed any more.
package final class SpareWorkers: Sendable {
  /// So many wait at once; who comes then is told that we are busy.
  static let maximum = 64

  private struct State {
    var waiting = 0
    /// The places of spare workers that run.
    var running: Set<Int> = []
    /// Those that have run, by their places; each is waited for before its place is taken again.
    var threads: [Int: SystemThread] = [:]
    var isStopping = false
  }

  private let state = Mutex(State())
  private let start: @Sendable (Int, @escaping @Sendable () -> Bool) -> SystemThread?

  /// The program's own; nil where requests are answered without a server.
  private static let current = Mutex<SpareWorkers?>(nil)

  /// - Parameter start: starts a worker at a place below `maximum`, which ends when it is told that it may.
  init(
    start: @escaping @Sendable (Int, @escaping @Sendable () -> Bool) -> SystemThread?
  ) {
    self.start = start
    Self.current.withLock { $0 = self }
  }

  /// Does what takes long, while another worker takes this one's place.
  ///
  /// - Throws: `busy`.
  static func whileWaiting<Value>(_ body: () -> Value) throws(Rejection) -> Value {
    guard let pool = current.withLock({ $0 }) else { return body() }
    guard pool.leave() else { throw Rejection(.busy) }
    defer { pool.comeBack() }
    return body()
  }

  /// Sleeps while another worker takes this one's place.
  ///
  /// - Throws: `busy`.
  package static func sleep(seconds: Int) throws(Rejection) {
    try whileWaiting { MonotonicClock.sleep(milliseconds: UInt32(clamping: seconds) * 1_000) }
  }

  private func leave() -> Bool {
    let (mayWait, place, earlier): (Bool, Int?, SystemThread?) = state.withLock { state in
      guard state.waiting < Self.maximum, !state.isStopping else {
        return (state.isStopping, nil, nil)
      }
      state.waiting += 1
      guard state.waiting > state.running.count,
        let place = (0..<Self.maximum).first(where: { !state.running.contains($0) })
      else { return (true, nil, nil) }
      state.running.insert(place)
      return (true, place, state.threads.removeValue(forKey: place))
    }
    guard let place else { return mayWait }
    earlier?.join()
    let thread = start(place) { [self] in mayEnd(place) }
    state.withLock { state in
      // Without a thread to spare those that are there have to do.
      if thread == nil { state.running.remove(place) }
      state.threads[place] = thread
    }
    return true
  }

  private func comeBack() {
    state.withLock { $0.waiting -= 1 }
  }

  /// True for a spare worker that is not needed now, which then ends.
  private func mayEnd(_ place: Int) -> Bool {
    state.withLock { state in
      guard state.running.count > state.waiting || state.isStopping else { return false }
      state.running.remove(place)
      return true
    }
  }

  /// Waits for all of them; called when the program ends.
  func join() {
    let threads = state.withLock { state in
      state.isStopping = true
      return Array(state.threads.values)
    }
    for thread in threads { thread.join() }
  }
}
