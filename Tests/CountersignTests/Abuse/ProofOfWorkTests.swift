import Crypto
import FoundationEssentials
import Testing

@testable import Countersign

/// Solves a puzzle as a page does.
func solve(_ puzzle: [String: Rejection.Detail]) throws -> String {
  guard case .text(let token)? = puzzle["token"], case .int(let difficulty)? = puzzle["difficulty"]
  else { throw KeyRing.CannotOpen() }
  var counter = 0
  while true {
    let solution = "\(token).\(counter)"
    let hash = Array(SHA256.hash(data: Array(solution.utf8)))
    let bits = hash.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }.leadingZeroBitCount
    if bits >= difficulty { return solution }
    counter += 1
  }
}

@Suite struct `Proof of work` {
  private let keys: KeyRing
  private let now = Date(timeIntervalSince1970: 1_800_000_000)
  private let address = "192.0.2.1"

  init() throws {
    keys = try KeyRing([(id: 7, bytes: Random.bytes(32))])
  }

  private func solution(difficulty: Int = 8) throws -> String {
    try solve(
      ProofOfWork(keys).puzzle(.verifyPhone, address: address, difficulty: difficulty, at: now))
  }

  @Test("a solution counts for its act, its network address, and five minutes")
  func bound() throws {
    let (puzzles, solution) = (ProofOfWork(keys), try solution())
    #expect(try puzzles.verify(solution, .verifyPhone, address: address, at: now + 299) != nil)
    #expect(try puzzles.verify(solution, .verifyPhone, address: address, at: now + 301) == nil)
    #expect(try puzzles.verify(solution, .resetPassword, address: address, at: now) == nil)
    #expect(try puzzles.verify(solution, .verifyPhone, address: "192.0.2.2", at: now) == nil)
    let others = try KeyRing([(id: 7, bytes: Random.bytes(32))])
    #expect(
      try ProofOfWork(others).verify(solution, .verifyPhone, address: address, at: now) == nil)
    let unknown = try KeyRing([(id: 8, bytes: Random.bytes(32))])
    #expect(
      try ProofOfWork(unknown).verify(solution, .verifyPhone, address: address, at: now) == nil)
  }

  @Test("two ways to write one solution are one solution")
  func canonical() throws {
    let (puzzles, solution) = (ProofOfWork(keys), try solution(difficulty: 1))
    let id = try puzzles.verify(solution, .verifyPhone, address: address, at: now)
    let token = solution.prefix { $0 != "." }
    let others = try (0..<64).compactMap {
      try puzzles.verify("\(token).\($0)", .verifyPhone, address: address, at: now)
    }
    #expect(!others.isEmpty && others.allSatisfy { $0 == id })
  }

  @Test(
    "what is no solution is none",
    arguments: [
      "", ".", "x.1", "x", String(repeating: "A", count: 50),
      String(repeating: "A", count: 51) + ".1",
      String(repeating: "A", count: 50) + ".1", "é.1",
    ])
  func malformed(text: String) throws {
    #expect(try ProofOfWork(keys).verify(text, .verifyPhone, address: address, at: now) == nil)
  }

  @Test("a counter that solves nothing, or is no counter, is refused")
  func unsolved() throws {
    let puzzle = try ProofOfWork(keys).puzzle(
      .verifyPhone, address: address, difficulty: 30, at: now)
    guard case .text(let token)? = puzzle["token"] else { throw KeyRing.CannotOpen() }
    for counter in ["0", "1", "-1", "0x1", "١", "", "1 ", String(repeating: "1", count: 21)] {
      let solution = "\(token).\(counter)"
      #expect(
        try ProofOfWork(keys).verify(solution, .verifyPhone, address: address, at: now) == nil)
    }
  }
}
