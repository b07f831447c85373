import Crypto
package import FoundationEssentials

/// Time-based one-time passwords (RFC 6238): the codes of authenticator apps.
///
/// Server and app share a secret, and each takes the HMAC of the number of half-minutes since 1970.
/// A code is looked for in the step of now, the one before, and the one after: people type slowly,
/// and phones' clocks are a few seconds off. Wider is not allowed, however far a clock has drifted:
/// each further step is one more code that a guess may hit.
///
/// The code of a step is good for as long as the step is in that window, so whoever looks over a
/// shoulder could use it again. RFC 6238 section 5.2 therefore has the verifier remember: a step is
/// accepted only when it is later than every step accepted before, whichever route took it, the
/// code that confirmed the binding included.
package enum TOTP {
  /// Seconds a step takes.
  package static let period = 30
  package static let digits = 6
  /// RFC 4226 R6 recommends 160 bits.
  package static let secretLength = 20

  /// What apps support beside SHA-1 differs between them, and silently; HMAC-SHA-1 has none of the
  /// weaknesses of SHA-1 itself.
  package enum Algorithm: Sendable {
    case sha1, sha256, sha512
  }

  /// The number of the step that a time is in.
  package static func step(at time: Date) -> Int {
    Int((time.timeIntervalSince1970 / Double(period)).rounded(.down))
  }

  /// The code of one step, `digits` long.
  package static func code(
    _ secret: [UInt8], step: Int, _ algorithm: Algorithm = .sha1, digits: Int = digits
  ) -> [UInt8] {
    let key = SymmetricKey(data: secret)
    let counter = unsafe withUnsafeBytes(of: UInt64(max(0, step)).bigEndian) { unsafe Array($0) }
    let mac: [UInt8] =
      switch algorithm {
      case .sha1: Array(HMAC<Insecure.SHA1>.authenticationCode(for: counter, using: key))
      case .sha256: Array(HMAC<SHA256>.authenticationCode(for: counter, using: key))
      case .sha512: Array(HMAC<SHA512>.authenticationCode(for: counter, using: key))
      }
    // Dynamic truncation, RFC 4226 section 5.3.
    let offset = Int(mac[mac.count - 1] & 0xF)
    var number = mac[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } & 0x7FFF_FFFF
    var text = [UInt8](repeating: 0, count: digits)
    for index in text.indices.reversed() {
      text[index] = UInt8(ascii: "0") + UInt8(number % 10)
      number /= 10
    }
    return text
  }

  /// A step whose code was given, and how far it is from the server's.
  package struct Match: Sendable, Equatable {
    package let step: Int
    package let drift: Int
  }

  /// The earliest step after `lastStep` that the code belongs to; nil when it is of none in the
  /// window.
  ///
  /// All three are computed and compared whole, so that the time tells nothing.
  package static func match(_ code: [UInt8], _ secret: [UInt8], after lastStep: Int, at now: Date)
    -> Match?
  {
    let current = step(at: now)
    var found: Match?
    for drift in [1, 0, -1] {
      let step = current + drift
      let isEqual = ConstantTime.equal(self.code(secret, step: step), code)
      if isEqual && step > lastStep { found = Match(step: step, drift: drift) }
    }
    return found
  }
}
