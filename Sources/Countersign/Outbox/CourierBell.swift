import Glibc

/// The bell that wakes the courier: a datagram on a socket of its own.
///
/// Ringing never waits and never fails: when the courier is not there, or has rings enough waiting,
/// it finds the rows anyway.
struct CourierBell {
  private let descriptor: Int32
  private let address: UnixAddress?

  init(path: String) {
    descriptor = socket(
      AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    address = UnixAddress(path)
  }

  func ring() {
    guard descriptor >= 0, var address else { return }
    var byte: UInt8 = 1
    _ = unsafe address.withPointer {
      unsafe sendto(descriptor, &byte, 1, Int32(MSG_DONTWAIT), $0, $1)
    }
  }
}

/// The courier's end of the bell.
struct CourierBellReceiver: ~Copyable {
  let descriptor: Int32
  private let path: String

  /// Makes the socket, in place of one that a courier before left behind.
  ///
  /// - Throws: `CannotListen` when the path cannot be bound.
  init(path: String) throws(Listener.CannotListen) {
    let descriptor = socket(
      AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0, var address = UnixAddress(path) else {
      throw Listener.CannotListen(path: path, reason: "no socket can be made")
    }
    unsafe unlink(path)
    let mask = umask(0o117)
    let bound = unsafe address.withPointer { unsafe bind(descriptor, $0, $1) }
    umask(mask)
    guard bound == 0 else {
      close(descriptor)
      throw Listener.CannotListen(path: path, reason: "the path cannot be bound")
    }
    self.descriptor = descriptor
    self.path = path
  }

  deinit {
    unsafe unlink(path)
    close(descriptor)
  }

  /// Takes all rings that wait; true when there was one.
  borrowing func drain() -> Bool {
    var rang = false
    var bytes: (UInt64, UInt64) = (0, 0)
    while unsafe recv(descriptor, &bytes, 16, Int32(MSG_DONTWAIT)) > 0 { rang = true }
    return rang
  }
}
