import Crypto
import FoundationEssentials

/// A puzzle that costs a moment of computing, asked of callers we know nothing of while fraud is
/// suspected: cheap for a person who wants one code, dear for somebody who wants a thousand.
///
/// In the manner of Hashcash. The puzzle is a token; its solution is a counter for which the SHA-256
/// of `<token>.<counter>` begins with so many zero bits. Nothing is stored of a puzzle that was given
/// out: the token says what it is for, how hard it is, and until when, under a MAC. A solution is good
/// once, for the act and the network address that the puzzle was given out for.
package struct ProofOfWork {
  /// What a puzzle is solved for.
  package enum Action: String, Sendable {
    case verifyPhone = "verify-phone"
    case resetPassword = "reset-password"
  }

  static let lifetime: TimeInterval = 300
  private static let identifierLength = 12
  private static let macLength = 16
  private static let bodyLength = 4 + 4 + 1 + identifierLength
  private static let maximumCounterLength = 20

  private let keys: KeyRing

  init(_ keys: KeyRing) {
    self.keys = keys
  }

  /// A puzzle, as the caller is told of it.
  func puzzle(
    _ action: Action, address: String, difficulty: Int, at now: Date
  ) throws -> [String: Rejection.Detail] {
    let expiresAt = now + Self.lifetime
    let key = keys.current.id
    var body = Self.bytes(key) + Self.bytes(UInt32(expiresAt.timeIntervalSince1970))
    body.append(UInt8(difficulty))
    body += Random.bytes(Self.identifierLength)
    let token = Base64URL.encode(body + (try mac(body, action, address, key: key)))
    return [
      "algorithm": .text("sha-256"), "token": .text(token), "difficulty": .int(difficulty),
      "expiresAt": .text(
        Date(timeIntervalSince1970: expiresAt.timeIntervalSince1970.rounded(.down)).rfc3339),
    ]
  }

  /// A puzzle that was solved: what is used up by that, and how hard it was.
  struct Solved: Equatable {
    let id: [UInt8]
    let difficulty: Int
  }

  /// What a solution solves; nil for anything else.
  ///
  /// - Parameter solution: `<token>.<counter>`, the counter in decimal digits.
  func verify(_ solution: String, _ action: Action, address: String, at now: Date) throws
    -> Solved?
  {
    let parts = solution.utf8.split(
      separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, (1...Self.maximumCounterLength).contains(parts[1].count),
      parts[1].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let bytes = Base64URL.decode(String(parts[0]) ?? ""),
      bytes.count == Self.bodyLength + Self.macLength
    else { return nil }
    let body = Array(bytes.prefix(Self.bodyLength))
    let key = Self.integer(body[0..<4])
    let expected: [UInt8]
    do {
      expected = try mac(body, action, address, key: key)
    } catch is KeyRing.CannotOpen {
      return nil
    }
    guard ConstantTime.equal(expected, Array(bytes.suffix(Self.macLength))),
      Double(Self.integer(body[4..<8])) > now.timeIntervalSince1970
    else { return nil }
    let hash = SHA256.hash(data: Array(solution.utf8))
    let difficulty = Int(body[8])
    guard Self.zeroBits(hash) >= difficulty else { return nil }
    return Solved(id: Array(body.suffix(Self.identifierLength)), difficulty: difficulty)
  }

  private func mac(_ body: [UInt8], _ action: Action, _ address: String, key: UInt32) throws
    -> [UInt8]
  {
    let unit = NetworkAddress.limitUnit(address)
    let fields = [body, Array(action.rawValue.utf8), Array(unit.utf8)]
    return Array(try keys.mac(.proof, key: key, fields).prefix(Self.macLength))
  }

  private static func zeroBits(_ bytes: some Sequence<UInt8>) -> Int {
    var count = 0
    for byte in bytes {
      count += byte.leadingZeroBitCount
      if byte != 0 { break }
    }
    return count
  }

  private static func bytes(_ value: UInt32) -> [UInt8] {
    unsafe withUnsafeBytes(of: value.bigEndian) { unsafe Array($0) }
  }

  private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.reduce(0) { $0 << 8 | UInt32($1) }
  }
}
