import FoundationEssentials
import Testing

@testable import Countersign

@Suite struct `Keys and secrets` {
  private func ring(_ ids: UInt32...) throws -> KeyRing {
    try KeyRing(ids.map { (id: $0, bytes: Array(repeating: UInt8($0), count: 32)) })
  }

  @Test("what was sealed opens in its own context only")
  func context() throws {
    let keys = try ring(1)
    let sealed = try keys.seal(Array("secret".utf8), .phone, context: Array("row 1".utf8))

    #expect(try keys.open(sealed, .phone, context: Array("row 1".utf8)) == Array("secret".utf8))
    #expect(throws: KeyRing.CannotOpen.self) {
      try keys.open(sealed, .phone, context: Array("row 2".utf8))
    }
    #expect(throws: KeyRing.CannotOpen.self) {
      try keys.open(sealed, .payload, context: Array("row 1".utf8))
    }
    for index in sealed.indices {
      var tampered = sealed
      tampered[index] ^= 1
      #expect(throws: KeyRing.CannotOpen.self) {
        try keys.open(tampered, .phone, context: Array("row 1".utf8))
      }
    }
    #expect(throws: KeyRing.CannotOpen.self) { try keys.open([], .phone, context: []) }
  }

  @Test("after a rotation the older key still opens, and the new one seals")
  func rotation() throws {
    let sealed = try ring(1).seal([1, 2, 3], .payload, context: [])
    let mac = try ring(1).mac(.code, [[1]])

    let rotated = try ring(2, 1)
    #expect(try rotated.open(sealed, .payload, context: []) == [1, 2, 3])
    #expect(try rotated.mac(.code, key: 1, [[1]]) == mac)
    #expect(try rotated.indexMAC(.code, [[1]]) == mac)
    #expect(try rotated.seal([1], .payload, context: [])[4] == 2)
    #expect(throws: KeyRing.CannotOpen.self) { try ring(2).open(sealed, .payload, context: []) }
  }

  @Test("two lists of fields never share a MAC")
  func fields() throws {
    let keys = try ring(1)
    let macs = try [
      [[1, 2], [3]], [[1], [2, 3]], [[1, 2, 3]], [[], [1, 2, 3]], [[1, 2, 3], []],
    ].map {
      try keys.mac(.code, $0)
    }
    #expect(Set(macs).count == macs.count)
    #expect(try keys.mac(.phoneIndex, [[1, 2, 3]]) != keys.mac(.code, [[1, 2, 3]]))
  }

  @Test(
    "a malformed ring is refused",
    arguments: [
      "", "1", "1:", "x:AAAA", "1:c2hvcnQ=",
      "1:\(Data(repeating: 1, count: 32).base64EncodedString()),1:\(Data(repeating: 2, count: 32).base64EncodedString())",
    ])
  func malformed(text: String) {
    #expect(throws: KeyRing.Malformed.self) { try KeyRing(parsing: text) }
  }

  @Test("a secret shows itself nowhere")
  func secret() {
    let secret = Secret("hunter2")
    var dumped = ""
    dump(secret, to: &dumped)
    for text in ["\(secret)", String(reflecting: secret), String(describing: [secret]), dumped] {
      #expect(!text.contains("hunter2"))
    }
  }

  @Test("tokens are 256 bits, all different, and found again by their hash")
  func tokens() {
    let tokens = (0..<1_000).map { _ in Token() }
    #expect(Set(tokens.map { $0.text.reveal() }).count == 1_000)
    #expect(tokens.allSatisfy { $0.text.reveal().utf8.count == 43 })
    #expect(Token(received: tokens[0].text.reveal())?.hash == tokens[0].hash)
    for bad in [
      "", "x", String(repeating: "A", count: 42) + "=", String(repeating: "é", count: 43),
    ] {
      #expect(Token(received: bad) == nil)
    }
  }

  @Test("every code is equally likely, those with leading zeros too")
  func codes() {
    var buckets = Array(repeating: 0, count: 1_000)
    var positions = Array(repeating: Array(repeating: 0, count: 10), count: 6)
    let count = 100_000
    for _ in 0..<count {
      let code = Array(Random.digits(6).utf8)
      buckets[code.prefix(3).reduce(0) { $0 * 10 + Int($1) - 48 }] += 1
      for (position, digit) in code.enumerated() { positions[position][Int(digit) - 48] += 1 }
    }
    // Chi-squared at p = 0.00001: 1,198 with 999 degrees of freedom, 38 with 9.
    #expect(chiSquared(buckets, expected: Double(count) / 1_000) < 1_198)
    for digits in positions { #expect(chiSquared(digits, expected: Double(count) / 10) < 38) }
  }

  private func chiSquared(_ counts: [Int], expected: Double) -> Double {
    counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
  }

  @Test("ids sort by their time and are read back from text")
  func identifiers() throws {
    let early = Account.ID(at: Date(timeIntervalSince1970: 1_000))
    let late = Account.ID(at: Date(timeIntervalSince1970: 2_000))
    #expect(early.bytes.lexicographicallyPrecedes(late.bytes))
    #expect(Account.ID(early.description) == early)
    #expect(Array(early.description.utf8)[14] == UInt8(ascii: "7"))
    for bad in ["", "x", "{\(early)}", early.description + "0"] { #expect(Account.ID(bad) == nil) }
  }
}
