import Glibc

/// A listening socket that somebody else serves: `countersignctl up` makes it and hands it to a
/// responder as descriptor 0.
package enum ListeningSocket {
  /// Opens a path.
  ///
  /// - Returns: a descriptor that stays open as long as this process lives.
  package static func open(_ path: String) throws -> Int32 {
    try Listener.bind(path)
  }
}

/// The socket on which nginx connects: inherited as descriptor 0, or made at a path.
struct Listener: ~Copyable {
  let descriptor: Int32
  private let path: String?

  /// Why no socket could be had.
  struct CannotListen: Error, CustomStringConvertible {
    let path: String
    let reason: String
    var description: String { "cannot listen on \(path): \(reason)" }
  }

  /// Takes descriptor 0 when a parent (spawn-fcgi, systemd) left a listening socket there, else
  /// opens the path.
  ///
  /// - Throws: `CannotListen`, also when another process still answers at the path.
  static func open(path: String) throws(CannotListen) -> Listener {
    if isListening(0) {
      setNonBlocking(0)
      return Listener(descriptor: 0, path: nil)
    }
    return Listener(descriptor: try bind(path), path: path)
  }

  fileprivate static func bind(_ path: String) throws(CannotListen) -> Int32 {
    let descriptor = socket(
      AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else {
      throw unsafe CannotListen(path: path, reason: String(cString: strerror(errno)))
    }
    guard var address = UnixAddress(path) else {
      Glibc.close(descriptor)
      throw CannotListen(path: path, reason: "the path is longer than a socket address holds")
    }
    if unsafe address.withPointer({ unsafe connect(descriptor, $0, $1) }) == 0 {
      Glibc.close(descriptor)
      throw CannotListen(path: path, reason: "another process serves it")
    }
    unsafe unlink(path)
    // 0660: nginx is in the group, nobody else may speak for it.
    let mask = umask(0o117)
    let bound = unsafe address.withPointer { unsafe Glibc.bind(descriptor, $0, $1) }
    let reason = unsafe String(cString: strerror(errno))
    umask(mask)
    guard bound == 0, listen(descriptor, 4096) == 0 else {
      Glibc.close(descriptor)
      throw CannotListen(path: path, reason: reason)
    }
    return descriptor
  }

  private init(descriptor: Int32, path: String?) {
    self.descriptor = descriptor
    self.path = path
  }

  /// Takes no more connections; those in the backlog are refused by the system.
  consuming func close() {
    if let path { unsafe unlink(path) }
    Glibc.close(descriptor)
  }

  private static func isListening(_ descriptor: Int32) -> Bool {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0
      && value != 0
  }

  private static func setNonBlocking(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
  }
}
