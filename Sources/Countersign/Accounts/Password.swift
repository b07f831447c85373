@_spi(_Unicode) import Swift
import CArgon2
import Glibc
import Synchronization

/// A password as a person chose it, ready to be hashed.
///
/// Normalised to NFC (RFC 8265 section 4.2.2), so that the same password typed on another keyboard
/// is the same bytes. It is never cut, trimmed, or folded.
package struct Password: Sendable {
  let bytes: [UInt8]
  /// Characters as the person counts them: code points after normalisation.
  let length: Int

  /// The longest password, in bytes; enough for any passphrase, and a bound on what a hash costs.
  static let maximumBytes = 1_024
  static let minimumLength = 8

  /// Nil when it is longer than `maximumBytes`: nothing is hashed then.
  package init?(_ secret: Secret) {
    let text = secret.reveal()
    guard text.utf8.count <= Self.maximumBytes else { return nil }
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: text._nfc)
    bytes = Array(String(scalars).utf8)
    length = scalars.count
  }
}

/// Argon2id (RFC 9106), and a bound on how much of it runs at once.
///
/// 19 MiB, two passes, one lane: the smallest setting of OWASP's list, measured at about 25 ms on
/// the machines this runs on (November 2026). One hash a core runs at a time, and all workers
/// but two may run one or wait; more are turned away at once, so that a flood of logins takes neither
/// the memory nor every worker.
package enum PasswordHash {
  private static let memory: UInt32 = 19_456
  private static let passes: UInt32 = 2
  private static let lanes: UInt32 = 1
  private static let saltLength = 16
  private static let hashLength = 32

  /// Sets how many may run or wait; whatever hashes says so when it is made.
  static func share(workers: Int) {
    HashingGate.shared.setCapacity(workers - 2)
  }

  /// Hashes a new password.
  ///
  /// The corresponding C function is `argon2id_hash_encoded`.
  ///
  /// - Returns: the hash in PHC form, with its parameters and salt.
  /// - Throws: `busy` when too many hashes wait already.
  package static func make(_ password: Password) throws(Rejection) -> [UInt8] {
    try HashingGate.shared.run { hash(password.bytes) }
  }

  private static func hash(_ password: [UInt8]) -> [UInt8] {
    let salt = Random.bytes(saltLength)
    var encoded = [CChar](
      repeating: 0,
      count: argon2_encodedlen(
        passes, memory, lanes, UInt32(saltLength), UInt32(hashLength), Argon2_id))
    let result = unsafe argon2id_hash_encoded(
      passes, memory, lanes, password, password.count, salt, salt.count, hashLength, &encoded,
      encoded.count)
    // Fails only without the memory for one hash, where no answer would be better than a wrong
    // one.
    precondition(result == ARGON2_OK.rawValue, "Argon2 failed")
    return encoded.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
  }

  /// True when the password is the one that was hashed.
  ///
  /// The corresponding C function is `argon2id_verify`, which compares in constant time.
  package static func verify(_ password: Password, _ encoded: [UInt8]) throws(Rejection) -> Bool {
    try HashingGate.shared.run {
      unsafe argon2id_verify(
        encoded.map { CChar(bitPattern: $0) } + [0], password.bytes, password.bytes.count)
        == ARGON2_OK.rawValue
    }
  }

  /// Spends the time of one hash, where there is no account to check against: an unknown address
  /// must not answer faster.
  package static func pretend(_ password: Password) throws(Rejection) {
    _ = try verify(password, nobodys)
  }

  /// The hash of a password that nobody knows.
  private static let nobodys = hash(Random.bytes(32))
}

/// Lets one hash a core run, some wait, and turns the rest away.
private final class HashingGate: Sendable {
  static let shared = HashingGate(cores: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

  private let cores: Int
  private let capacity: Atomic<Int>
  private let waiting = Atomic<Int>(0)
  private let semaphore: Semaphore

  private init(cores: Int) {
    // What a hash takes goes back to the system when it is done. Without a fixed bound the C library
    // learns from the first large block to keep such blocks, 19 MiB for each thread that ever hashed.
    mallopt(M_MMAP_THRESHOLD, 1 << 20)
    self.cores = cores
    capacity = Atomic(cores * 3)
    semaphore = Semaphore(cores)
  }

  func setCapacity(_ count: Int) {
    capacity.store(max(cores + 1, count), ordering: .relaxed)
  }

  func run<Result>(_ body: () -> Result) throws(Rejection) -> Result {
    guard waiting.add(1, ordering: .relaxed).newValue <= capacity.load(ordering: .relaxed) else {
      waiting.subtract(1, ordering: .relaxed)
      throw Rejection(.busy, retryAfter: 1)
    }
    semaphore.wait()
    defer {
      semaphore.signal()
      waiting.subtract(1, ordering: .relaxed)
    }
    return body()
  }
}

/// A counting semaphore of the system.
@safe private final class Semaphore: @unchecked Sendable {
  private let handle: UnsafeMutablePointer<sem_t>

  init(_ count: Int) {
    unsafe handle = .allocate(capacity: 1)
    unsafe sem_init(handle, 0, UInt32(count))
  }

  deinit {
    unsafe sem_destroy(handle)
    unsafe handle.deallocate()
  }

  func wait() {
    while unsafe sem_wait(handle) != 0 {}
  }

  func signal() {
    unsafe sem_post(handle)
  }
}
