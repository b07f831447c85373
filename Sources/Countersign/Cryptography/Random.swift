/// Random values for secrets, from the system's generator: `getrandom(2)` on Linux, which is a
/// CSPRNG.
package enum Random {
  /// So many random bytes.
  package static func bytes(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      let word: UInt64 = generator.next()
      for shift in stride(from: 0, to: 64, by: 8) where bytes.count < count {
        bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
      }
    }
    return bytes
  }

  /// So many decimal digits, each text from all zeros to all nines equally likely.
  ///
  /// `Int.random(in:)` rejects the uneven tail of the generator's range, so no digit is favoured.
  package static func digits(_ count: Int) -> String {
    var generator = SystemRandomNumberGenerator()
    var digits: [UInt8] = []
    for _ in 0..<count {
      digits.append(UInt8(ascii: "0") + UInt8.random(in: 0...9, using: &generator))
    }
    return String(decoding: digits, as: UTF8.self)
  }
}
