import FoundationEssentials
package import Glibc

/// A program that `up` runs and keeps running.
package final class ChildProcess {
  package let name: String
  private let executable: String
  private let arguments: [String]
  private let environment: [String: String]
  private let log: String
  private let pidFile: String
  /// A listening socket that the child finds as its descriptor 0; it stays open here, so that while
  /// the child is restarted requests wait in its backlog and are not refused.
  private let listener: Int32?
  package private(set) var pid: pid_t = 0
  package private(set) var startedAt: UInt64 = 0

  package init(
    _ name: String, _ executable: String, _ arguments: [String], environment: [String: String],
    listener: Int32? = nil,
    in state: StateDirectory
  ) {
    self.name = name
    self.executable = executable
    self.arguments = arguments
    self.environment = environment
    self.listener = listener
    log = "\(state.logs)/\(name).log"
    pidFile = "\(state.run)/\(name).pid"
  }

  /// Starts it, in a process group of its own, with its output appended to its log.
  ///
  /// `setpriv` asks the kernel to send it SIGTERM when this process ends in any way, so that nothing
  /// is left behind even then. Not SIGKILL: nginx must live to end its workers. The corresponding C function is `posix_spawn`.
  package func start() throws {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    if let listener {
      unsafe posix_spawn_file_actions_adddup2(&actions, listener, 0)
    } else {
      unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    unsafe posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
    let setpriv = try Installation.find("setpriv")
    let words = [setpriv, "--pdeathsig", "TERM", executable] + arguments
    let result = unsafe withCStrings(words) { argv in
      unsafe withCStrings(environment.map { "\($0.key)=\($0.value)" }) { envp in
        unsafe posix_spawn(&pid, setpriv, &actions, &attributes, argv, envp)
      }
    }
    guard result == 0 else {
      throw OperatorError(
        unsafe "\(name) cannot be started: \(String(cString: strerror(result))).")
    }
    startedAt = MonotonicClock.nanoseconds
    // Whoever reads the file while it is written must not find half of it.
    try? Data("\(pid)\n".utf8).write(to: URL(filePath: pidFile), options: .atomic)
  }

  /// True when it has ended; what it left of its process group is ended with it.
  package func hasEnded() -> Bool {
    guard pid > 0 else { return true }
    var status: Int32 = 0
    guard unsafe waitpid(pid, &status, WNOHANG) == pid else { return false }
    kill(-pid, SIGKILL)
    pid = 0
    return true
  }

  /// Asks it to end.
  package func signal(_ signal: Int32) {
    if pid > 0 { kill(pid, signal) }
  }

  /// Waits until it has ended, and ends it by force after so many seconds.
  package func waitUntilEnded(seconds: Int) {
    let deadline = MonotonicClock.nanoseconds + UInt64(seconds) * 1_000_000_000
    while !hasEnded() {
      if MonotonicClock.nanoseconds > deadline {
        kill(-pid, SIGKILL)
      }
      MonotonicClock.sleep(milliseconds: 10)
    }
    unsafe unlink(pidFile)
  }
}

/// Lends texts as a C array of C strings with a null pointer at its end.
private func withCStrings<Result>(
  _ texts: [String], _ use: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  var pointers: [UnsafeMutablePointer<CChar>?] = unsafe texts.map { unsafe strdup($0) }
  unsafe pointers.append(nil)
  defer { unsafe pointers.forEach { unsafe free($0) } }
  return unsafe pointers.withUnsafeMutableBufferPointer { buffer in
    // The array holds at least the null pointer, so it has an address.
    unsafe use(buffer.baseAddress.unsafelyUnwrapped)
  }
}
