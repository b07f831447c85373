import Glibc

/// How a program is told to stop: SIGTERM or SIGINT, waited for by its first thread.
///
/// The signals are blocked before any other thread starts, so that no thread is interrupted and no
/// handler runs in the middle of something. A client that went away shows as an error of the write,
/// not as SIGPIPE.
package enum Signals {
  /// Blocks the signals that stop a program, in this thread and in those it starts from now on.
  package static func block() {
    signal(SIGPIPE, SIG_IGN)
    var set = stopping
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// Waits for a signal to stop.
  package static func wait() {
    var set = stopping
    var received: Int32 = 0
    while unsafe sigwait(&set, &received) != 0 {}
  }

  /// Waits for a signal to stop, at most so many milliseconds; true when one came.
  package static func wait(milliseconds: Int) -> Bool {
    var set = stopping
    var limit = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
    return unsafe sigtimedwait(&set, nil, &limit) > 0
  }

  private static var stopping: sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, SIGTERM)
    unsafe sigaddset(&set, SIGINT)
    return set
  }

  /// Ends the process if it has not ended by itself in time: a stop must end.
  package static func exitUnlessDone(within seconds: UInt32) {
    _ = SystemThread.start {
      sleep(seconds)
      _exit(1)
    }
  }
}

/// The limit of open files, raised to what the system allows: an idle connection costs a
/// descriptor.
package enum OpenFiles {
  package static func raiseLimit() {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = min(limit.rlim_max, 65_536)
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}

/// A clock that never goes back, for durations.
package enum MonotonicClock {
  package static var nanoseconds: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  package static func sleep(milliseconds: UInt32) {
    usleep(milliseconds * 1_000)
  }

  static func sleep(microseconds: UInt32) {
    usleep(microseconds)
  }
}
