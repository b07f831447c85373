import Glibc

/// A thread of the system that runs one closure and can be waited for.
///
/// Workers block in C libraries for their whole life, so they are threads and not tasks: a task
/// that blocks would hold one of the few threads of Swift's pool.
package struct SystemThread: Sendable {
  private let handle: pthread_t

  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts a thread that the program cannot do without.
  package static func start(_ run: @escaping @Sendable () -> Void) -> SystemThread {
    guard let thread = startIfPossible(run) else {
      // The process is at its limit of threads while it starts: there is nothing to serve with.
      preconditionFailure("a thread could not be started")
    }
    return thread
  }

  /// Starts a thread; nil when the process is at its limit of threads.
  ///
  /// The corresponding C function is `pthread_create`.
  package static func startIfPossible(_ run: @escaping @Sendable () -> Void) -> SystemThread? {
    var handle = pthread_t()
    let body = unsafe Unmanaged.passRetained(Body(run))
    let result = unsafe pthread_create(
      &handle, nil,
      { argument in
        if let argument = unsafe argument {
          unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        }
        return nil
      }, unsafe body.toOpaque())
    guard result == 0 else {
      unsafe body.release()
      return nil
    }
    return SystemThread(handle: handle)
  }

  /// Waits until the closure has returned.
  package func join() {
    pthread_join(handle, nil)
  }
}
