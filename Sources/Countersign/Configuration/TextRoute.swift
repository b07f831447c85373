/// Who sends the text messages to some numbers, and under which sender.
package struct TextRoute: Sendable, Equatable {
  let destination: Destination
  let hops: [Hop]

  enum Destination: Sendable, Equatable {
    /// `+` and digits.
    case prefix(String)
    /// ISO 3166 alpha-2.
    case country(String)
  }

  struct Hop: Sendable, Hashable {
    let provider: Configuration.Providers.Texts
    /// Nil for the provider's own.
    let sender: String?
  }

  /// True for a number, a name of up to 11 letters and digits, and at Twilio a service.
  private static func isSender(_ text: Substring, of provider: Configuration.Providers.Texts)
    -> Bool
  {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    let number = text.utf8.drop { $0 == UInt8(ascii: "+") }
    if number.allSatisfy(digits.contains) {
      return (3...15).contains(number.count) && text.utf8.count - number.count <= 1
    }
    if provider == .twilio, TwilioSettings.isSID(String(text), "MG") { return true }
    return (1...11).contains(text.utf8.count)
      && text.utf8.allSatisfy { Base64URL.isDigit($0) || $0 == UInt8(ascii: " ") }
  }

  /// Reads `+46=vonage:Acme,twilio:+46700000000`; nil for what is no route.
  package init?(_ text: Substring) {
    let parts = text.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " } }
    guard parts.count == 2 else { return nil }
    if parts[0].first == "+" {
      guard (2...16).contains(parts[0].utf8.count),
        parts[0].utf8.dropFirst().allSatisfy({ (0x30...0x39).contains($0) })
      else { return nil }
      destination = .prefix(parts[0])
    } else {
      guard PhoneNumber.isRegion(parts[0]) else { return nil }
      destination = .country(parts[0])
    }
    var hops: [Hop] = []
    for hop in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
      let names = hop.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = names.first,
        let provider = Configuration.Providers.Texts(rawValue: String(name)),
        names.count == 1 || Self.isSender(names[1], of: provider)
      else { return nil }
      hops.append(Hop(provider: provider, sender: names.count == 2 ? String(names[1]) : nil))
    }
    guard !hops.isEmpty else { return nil }
    self.hops = hops
  }
}
