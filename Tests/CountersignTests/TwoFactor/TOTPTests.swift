import FoundationEssentials
import Testing

@testable import Countersign

@Suite struct `Time-based codes` {
  /// RFC 6238 appendix B: eight digits, and secrets as long as the hash.
  @Test(
    "the vectors of RFC 6238 hold",
    arguments: [
      (59, "94287082", "46119246", "90693936"),
      (1_111_111_109, "07081804", "68084774", "25091201"),
      (1_111_111_111, "14050471", "67062674", "99943326"),
      (1_234_567_890, "89005924", "91819424", "93441116"),
      (2_000_000_000, "69279037", "90698825", "38618901"),
      (20_000_000_000, "65353130", "77737706", "47863826"),
    ])
  func vectors(seconds: Int, sha1: String, sha256: String, sha512: String) {
    let step = TOTP.step(at: Date(timeIntervalSince1970: Double(seconds)))
    let secret = Array("1234567890123456789012345678901234567890123456789012345678901234".utf8)

    func code(_ length: Int, _ algorithm: TOTP.Algorithm) -> String {
      String(
        decoding: TOTP.code(Array(secret.prefix(length)), step: step, algorithm, digits: 8),
        as: UTF8.self)
    }
    #expect(code(20, .sha1) == sha1)
    #expect(code(32, .sha256) == sha256)
    #expect(code(64, .sha512) == sha512)
  }

  @Test("the step before, the step of now, and the step after are accepted, and no other")
  func window() {
    let secret = Random.bytes(20)
    let now = Date(timeIntervalSince1970: 1_800_000_010)
    let current = TOTP.step(at: now)

    for drift in -3...3 {
      let code = TOTP.code(secret, step: current + drift)
      // A code can be that of another step by chance, one time in 300,000.
      let match = TOTP.match(code, secret, after: 0, at: now)
      let expected = abs(drift) <= 1 ? TOTP.Match(step: current + drift, drift: drift) : nil
      #expect(match == expected, "\(drift)")
    }
  }

  @Test("a step that was accepted before is not, and neither is one before it")
  func replay() {
    let secret = Random.bytes(20)
    let now = Date(timeIntervalSince1970: 1_800_000_010)
    let current = TOTP.step(at: now)

    let code = TOTP.code(secret, step: current)
    #expect(TOTP.match(code, secret, after: current - 1, at: now)?.step == current)
    #expect(TOTP.match(code, secret, after: current, at: now) == nil)
    let earlier = TOTP.code(secret, step: current - 1)
    #expect(TOTP.match(earlier, secret, after: current, at: now) == nil)
    let next = TOTP.code(secret, step: current + 1)
    #expect(TOTP.match(next, secret, after: current, at: now)?.drift == 1)
  }
}

@Suite struct `Backup codes` {
  private let account = Account.ID(at: .now)

  @Test("a code is read as people copy it, and not as anything else")
  func typed() throws {
    let code = BackupCode(for: account)
    #expect(code.text.utf8.count == 29)

    let groups = code.text.split(separator: "-").joined()
    let alike = String(
      code.text.map { $0 == "0" ? "o" : $0 == "1" ? "l" : $0 })
    for text in [
      code.text, code.text.lowercased(), groups, groups.map(String.init).joined(separator: " "),
      alike,
    ] {
      #expect(BackupCode(typed: text, for: account)?.hash == code.hash, "\(text)")
    }
    for text in [
      "", String(groups.dropLast()), groups + "0", groups.dropLast() + "U", groups.dropLast() + "é",
      String(repeating: "-", count: 10_000),
    ] {
      #expect(BackupCode(typed: String(text), for: account) == nil, "\(text)")
    }
  }

  @Test("codes are 120 random bits, and two accounts never share a hash")
  func hashes() {
    let codes = (0..<1_000).map { _ in BackupCode(for: account) }
    #expect(Set(codes.map(\.text)).count == 1_000)
    let other = BackupCode(typed: codes[0].text, for: Account.ID(at: .now))
    #expect(other?.hash != codes[0].hash)
  }
}

@Suite struct `Base 32` {
  /// RFC 4648 section 10, without padding.
  @Test(
    "the vectors of RFC 4648 hold",
    arguments: [
      ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"),
      ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI"),
    ])
  func vectors(plain: String, encoded: String) {
    #expect(Base32.encode(Array(plain.utf8)) == encoded)
    #expect(Base32.decode(encoded.utf8) == Array(plain.utf8))
    #expect(Base32.decode("\(encoded)1".utf8) == nil)
  }
}
