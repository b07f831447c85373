import Glibc

/// The client's network address as limits see it.
package enum NetworkAddress {
  /// The network that an address is likely to stay in: the first half of an IPv4 address, the first
  /// quarter of an IPv6 address.
  static func network(_ address: String) -> String {
    let unit = limitUnit(address)
    return unit.hasSuffix("/64")
      ? String(unit.prefix(8)) : unit.split(separator: ".").prefix(2).joined(separator: ".")
  }

  /// Addresses and networks (`192.0.2.0/24`), separated by commas; nil unless all are.
  package static func list(_ text: String) -> [String]? {
    let parts = text.split(separator: ",").map { String($0.filter { $0 != " " }) }
    let areAll = parts.allSatisfy { part in
      let halves = part.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      var bytes = in6_addr()
      let isLong = unsafe inet_pton(AF_INET6, halves[0], &bytes) == 1
      let isShort = unsafe inet_pton(AF_INET, halves[0], &bytes) == 1
      guard isLong || isShort, halves.count <= 2 else { return false }
      return halves.count == 1 || Int(halves[1]).map((0...(isLong ? 128 : 32)).contains) ?? false
    }
    return areAll && !parts.isEmpty ? parts : nil
  }

  /// An IPv4 address as it is, an IPv6 address cut to its /64: one subscriber usually has a whole
  /// /64 to choose from.
  ///
  /// An address that is neither is its own unit, so that it is limited all the same.
  static func limitUnit(_ address: String) -> String {
    var bytes = in6_addr()
    guard unsafe inet_pton(AF_INET6, address, &bytes) == 1 else { return address }
    let prefix = unsafe withUnsafeBytes(of: bytes) { unsafe Array($0.prefix(16)) }
    // ::ffff:a.b.c.d is an IPv4 address in IPv6 clothes (RFC 4291 section 2.5.5.2).
    if prefix.prefix(10).allSatisfy({ $0 == 0 }), prefix[10] == 0xFF, prefix[11] == 0xFF {
      return prefix.suffix(4).map(String.init).joined(separator: ".")
    }
    return Hexadecimal.encode(prefix.prefix(8)) + "/64"
  }
}
