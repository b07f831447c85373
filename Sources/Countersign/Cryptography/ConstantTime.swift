/// Comparison whose time does not depend on where two values differ.
package enum ConstantTime {
  /// True when both are the same bytes.
  ///
  /// Every byte is looked at, so that the time of an answer does not tell how much of a guess was
  /// right. Lengths are not hidden; what is compared here has a length everybody knows.
  package static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
  }
}
