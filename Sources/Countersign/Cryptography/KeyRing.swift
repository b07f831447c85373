import Crypto
import FoundationEssentials
import Glibc
import Synchronization

/// The keys of the installation, from which every purpose derives its own.
///
/// The first key seals and signs; the others stay so that what they sealed can still be read. A
/// purpose never shares key bytes with another: HKDF-SHA-256 (RFC 5869) with the purpose as its
/// info.
///
/// A ring that comes from a file is read again when the file changed, within a second, and at once
/// when something names a key that it does not have: a program that has not looked yet reads what
/// another one sealed under a new key a moment ago. So a key is added while everything runs.
package struct KeyRing: Sendable {
  /// One key: its id is stored beside whatever it sealed.
  package struct Key: Sendable {
    package let id: UInt32
    fileprivate let derived: [Purpose: SymmetricKey]
  }

  /// What a derived key is for; the text is part of the derivation and never changes.
  package enum Purpose: String, CaseIterable, Sendable {
    case code = "code/v1"
    case phoneIndex = "phone-index/v1"
    case phone = "phone/v1"
    case payload = "payload/v1"
    case password = "password/v1"
    case limit = "limit/v1"
    case totp = "totp/v1"
    case proof = "proof/v1"
    case unsubscribe = "unsubscribe/v1"
    case audit = "audit/v1"
    case approval = "approval/v1"
  }

  /// A sealed value that cannot be opened: a retired key, or a value moved from another row.
  package struct CannotOpen: Error {}

  private let source: Source

  /// The key that seals and signs now.
  ///
  /// What names its key beside itself takes this once and hands it on: the next look may find another.
  package var current: Key { source.keys[0] }

  /// The file that the ring comes from; nil when it was given as it is.
  package var file: String? { source.file }

  /// - Parameter material: pairs of id and at least 32 bytes, the current one first.
  /// - Throws: `Malformed` when there is none, an id repeats, or a key is short.
  package init(_ material: [(id: UInt32, bytes: [UInt8])]) throws(Malformed) {
    source = Source(try Self.keys(material), file: nil)
  }

  /// Reads `id:base64,id:base64`.
  ///
  /// - Parameter file: where the text stands, to be read again when it changes.
  package init(parsing text: String, file: String? = nil) throws(Malformed) {
    source = Source(try Self.keys(parsing: text), file: file)
  }

  /// Why a key ring was refused, as the end of a sentence about the variable.
  package struct Malformed: Error {
    package let reason: String
  }

  private static func keys(_ material: [(id: UInt32, bytes: [UInt8])]) throws(Malformed) -> [Key] {
    guard !material.isEmpty else { throw Malformed(reason: "holds no key") }
    guard Set(material.map(\.id)).count == material.count else {
      throw Malformed(reason: "names a key id twice")
    }
    var keys: [Key] = []
    for (id, bytes) in material {
      guard bytes.count >= 32 else {
        throw Malformed(reason: "has a key shorter than 32 bytes (id \(id))")
      }
      let root = SymmetricKey(data: bytes)
      var derived: [Purpose: SymmetricKey] = [:]
      for purpose in Purpose.allCases {
        derived[purpose] = HKDF<SHA256>.deriveKey(
          inputKeyMaterial: root, info: Data(purpose.rawValue.utf8), outputByteCount: 32)
      }
      keys.append(Key(id: id, derived: derived))
    }
    return keys
  }

  private static func keys(parsing text: String) throws(Malformed) -> [Key] {
    var material: [(id: UInt32, bytes: [UInt8])] = []
    for entry in text.split(whereSeparator: { $0 == "," || $0 == "\n" }) {
      let parts = entry.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, let id = UInt32(parts[0].trimmingASCIISpace()),
        let bytes = Data(base64Encoded: String(parts[1].trimmingASCIISpace()))
      else { throw Malformed(reason: "is not a list of id:base64 with numbers as ids") }
      material.append((id, Array(bytes)))
    }
    return try keys(material)
  }

  /// The keys of a process, shared by all that hold the ring.
  private final class Source: Sendable {
    let file: String?
    private let state: Mutex<State>

    private struct State {
      var keys: [Key]
      var version: FileVersion?
      var lookedAt: UInt64
    }

    private struct FileVersion: Equatable {
      let inode: UInt
      let seconds: Int
      let nanoseconds: Int
    }

    init(_ keys: [Key], file: String?) {
      self.file = file
      state = Mutex(
        State(keys: keys, version: Self.version(file), lookedAt: MonotonicClock.nanoseconds))
    }

    var keys: [Key] {
      state.withLock { state in
        let now = MonotonicClock.nanoseconds
        if file != nil, now - state.lookedAt > 1_000_000_000 { look(&state, now) }
        return state.keys
      }
    }

    /// The key with an id, looked for in the file when the ring has none.
    func key(_ id: UInt32) -> Key? {
      state.withLock { state in
        if let key = state.keys.first(where: { $0.id == id }) { return key }
        guard file != nil else { return nil }
        look(&state, MonotonicClock.nanoseconds)
        return state.keys.first { $0.id == id }
      }
    }

    /// Reads the file if it is another than the one that was read. What cannot be read changes
    /// nothing: the keys there were still open what they sealed.
    private func look(_ state: inout State, _ now: UInt64) {
      state.lookedAt = now
      guard let file, let version = Self.version(file), version != state.version,
        let text = try? String(contentsOfFile: file, encoding: .utf8),
        let keys = try? KeyRing.keys(parsing: text)
      else { return }
      state.keys = keys
      state.version = version
    }

    private static func version(_ file: String?) -> FileVersion? {
      var status = stat()
      guard let file, unsafe stat(file, &status) == 0 else { return nil }
      return FileVersion(
        inode: UInt(status.st_ino), seconds: status.st_mtim.tv_sec,
        nanoseconds: status.st_mtim.tv_nsec)
    }
  }

  private func derived(_ id: UInt32, _ purpose: Purpose) throws(CannotOpen) -> SymmetricKey {
    guard let key = source.key(id)?.derived[purpose] else { throw CannotOpen() }
    return key
  }

  // MARK: Message authentication

  /// HMAC-SHA-256 over fields, each preceded by its length so that no two lists of fields share a
  /// text.
  ///
  /// - Parameter id: the key to use; a stored MAC names the one it was made with.
  package func mac(
    _ purpose: Purpose, key id: UInt32? = nil, _ fields: [[UInt8]]
  ) throws(CannotOpen) -> [UInt8] {
    var message: [UInt8] = []
    message.reserveCapacity(fields.reduce(0) { $0 + $1.count + 4 })
    for field in fields {
      let length = UInt32(clamping: field.count)
      for shift: UInt32 in [24, 16, 8, 0] {
        message.append(UInt8(truncatingIfNeeded: length >> shift))
      }
      message.append(contentsOf: field)
    }
    let key = try derived(id ?? current.id, purpose)
    return Array(HMAC<SHA256>.authenticationCode(for: message, using: key))
  }

  /// The MAC under which something is found again, whichever key is current.
  ///
  /// It is made with the oldest key of the ring: a new first key must not hide the rows, the
  /// limits, and the verified numbers that are there. Retiring that key takes a new index of every
  /// row.
  package func indexMAC(_ purpose: Purpose, _ fields: [[UInt8]]) throws(CannotOpen) -> [UInt8] {
    let keys = source.keys
    return try mac(purpose, key: keys[keys.count - 1].id, fields)
  }

  // MARK: Sealing

  private static let version: UInt8 = 1

  /// Encrypts with AES-256-GCM under the current key.
  ///
  /// - Parameter context: what the value belongs to (table, column, row). It is authenticated, not
  ///   stored: the same bytes in another row do not open.
  /// - Returns: version (1 byte), key id (4), nonce (12), ciphertext, tag (16).
  package func seal(
    _ plaintext: [UInt8], _ purpose: Purpose, context: [UInt8]
  ) throws(CannotOpen) -> [UInt8] {
    let current = current
    guard let key = current.derived[purpose] else { throw CannotOpen() }
    do {
      let box = try AES.GCM.seal(plaintext, using: key, authenticating: context)
      var sealed = Self.prefix(current.id)
      sealed.append(contentsOf: box.nonce)
      sealed.append(contentsOf: box.ciphertext)
      sealed.append(contentsOf: box.tag)
      return sealed
    } catch {
      throw CannotOpen()
    }
  }

  /// What everything begins with that a key has sealed.
  private static func prefix(_ id: UInt32) -> [UInt8] {
    [version] + (unsafe withUnsafeBytes(of: id.bigEndian) { unsafe Array($0) })
  }

  /// True when the current key sealed it.
  package func isCurrent(_ sealed: [UInt8]) -> Bool { sealed.starts(with: Self.prefix(current.id)) }

  /// Decrypts what `seal` made, in the same context.
  package func open(
    _ sealed: [UInt8], _ purpose: Purpose, context: [UInt8]
  ) throws(CannotOpen) -> [UInt8] {
    guard sealed.count >= 5 + 12 + 16, sealed[0] == Self.version else { throw CannotOpen() }
    let id = sealed[1..<5].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let key = try derived(id, purpose)
    do {
      return Array(
        try AES.GCM.open(
          AES.GCM.SealedBox(combined: sealed[5...]), using: key, authenticating: context))
    } catch {
      throw CannotOpen()
    }
  }
}

extension Substring {
  /// The text without spaces at either end.
  fileprivate func trimmingASCIISpace() -> Substring {
    var text = self
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return text
  }
}
