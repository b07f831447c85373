import CLinux
import Glibc
import Synchronization

/// Everything the workers of a program wait for: the listening socket, idle connections, and the
/// order to stop.
///
/// All workers wait on one epoll set. An idle connection costs a descriptor and no thread, so that
/// a few workers serve thousands of them; each event goes to one worker.
final class ConnectionSet: Sendable {
  /// What a worker is woken for.
  enum Event {
    case connection(ClientConnection)
    case stop
    /// Nothing came in the time allowed.
    case none
  }

  private let epoll: Int32
  private let stopEvent: Int32
  private let listener: Int32
  /// Connections with part of a request in them, looked at again every few milliseconds. epoll
  /// cannot tell "more has come" from "something is still there", and nginx sends requests whole,
  /// so there are hardly ever any.
  private let laggards = Mutex<[ClientConnection]>([])
  private let stopping = Atomic<Bool>(false)

  /// Tags of events that are no connection; a connection's tag is its address, which is neither.
  private static let listenerTag: UInt64 = 0
  private static let stopTag: UInt64 = 1

  init(listener: borrowing Listener) {
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    stopEvent = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    // Both fail only when the system is out of descriptors while the program starts.
    precondition(epoll >= 0 && stopEvent >= 0, "no descriptors left to serve with")
    self.listener = listener.descriptor
    // EPOLLEXCLUSIVE: a new connection wakes one worker, not all.
    control(
      EPOLL_CTL_ADD, listener.descriptor, EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue,
      Self.listenerTag)
    control(EPOLL_CTL_ADD, stopEvent, EPOLLIN.rawValue, Self.stopTag)
  }

  deinit {
    close(epoll)
    close(stopEvent)
  }

  private func control(_ operation: Int32, _ descriptor: Int32, _ events: UInt32, _ tag: UInt64) {
    var event = unsafe epoll_event()
    unsafe event.events = events
    unsafe event.data.u64 = tag
    unsafe epoll_ctl(epoll, operation, descriptor, &event)
  }

  private static let connectionEvents =
    EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLONESHOT.rawValue

  /// Puts a connection to rest until something arrives on it.
  func rest(_ connection: ClientConnection, isNew: Bool) {
    let tag = unsafe UInt64(UInt(bitPattern: Unmanaged.passRetained(connection).toOpaque()))
    control(
      isNew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, connection.descriptor, Self.connectionEvents, tag)
  }

  /// Sets a connection aside that has part of a request; it is offered again shortly.
  func setAside(_ connection: ClientConnection) {
    laggards.withLock { $0.append(connection) }
  }

  /// Takes all connections that were set aside.
  func takeLaggards() -> [ClientConnection] {
    laggards.withLock { list in
      defer { list = [] }
      return list
    }
  }

  /// Waits for something to do.
  ///
  /// - Parameter milliseconds: how long at most, -1 for ever.
  func next(within milliseconds: Int32) -> Event {
    var event = unsafe epoll_event()
    let limit = laggards.withLock { $0.isEmpty } ? milliseconds : 10
    guard unsafe epoll_wait(epoll, &event, 1, limit) == 1 else { return .none }
    switch unsafe event.data.u64 {
    case Self.stopTag:
      return .stop
    case Self.listenerTag:
      let accepted = accept(listener, nil, nil)
      guard accepted >= 0 else {
        // Usually another worker took it, or the peer is gone. Without descriptors the connection
        // stays in the backlog, and asking at once again would only burn the processor.
        if errno == EMFILE || errno == ENFILE { usleep(10_000) }
        return .none
      }
      let connection = ClientConnection(descriptor: accepted)
      rest(connection, isNew: true)
      return .none
    case let tag:
      guard let pointer = unsafe UnsafeRawPointer(bitPattern: UInt(tag)) else { return .none }
      return unsafe .connection(Unmanaged<ClientConnection>.fromOpaque(pointer).takeRetainedValue())
    }
  }

  /// True once the program is to stop.
  var isStopping: Bool { stopping.load(ordering: .acquiring) }

  /// Wakes every worker to finish what has arrived and end; no connection is accepted any more.
  func stop() {
    stopping.store(true, ordering: .releasing)
    epoll_ctl(epoll, EPOLL_CTL_DEL, listener, nil)
    var one: UInt64 = 1
    unsafe write(stopEvent, &one, MemoryLayout<UInt64>.size)
  }

  /// Lets a worker that has seen the order to stop pass it on no longer once all have.
  func endStopEvent() {
    epoll_ctl(epoll, EPOLL_CTL_DEL, stopEvent, nil)
  }
}
