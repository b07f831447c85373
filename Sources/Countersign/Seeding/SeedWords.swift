import FoundationEssentials

/// What made-up people and messages are made of.
enum SeedWords {
  struct Country: Sendable {
    let region: String
    let locale: String
    let currency: String
    /// In millionths of a US dollar, for a text.
    let price: Int
    /// What its mobile numbers begin with, and how many digits follow.
    let prefix: String
    let digits: Int

    /// The number of somebody, which nobody else made up has.
    func number(_ index: Int) -> String {
      // Nowhere do so many begin with nought.
      prefix + String(digits == 7 ? 2_000_000 + index : 10_000_000 + index)
    }
  }

  static let countries = [
    Country(
      region: "US", locale: "en-US", currency: "USD", price: 8_300, prefix: "+1212", digits: 7),
    Country(
      region: "GB", locale: "en-GB", currency: "GBP", price: 52_400, prefix: "+4474", digits: 8),
    Country(
      region: "DE", locale: "de-DE", currency: "EUR", price: 112_000, prefix: "+49151", digits: 8),
    Country(
      region: "FR", locale: "fr-FR", currency: "EUR", price: 79_800, prefix: "+336", digits: 8),
    Country(
      region: "BR", locale: "pt-BR", currency: "BRL", price: 62_000, prefix: "+55119", digits: 8),
    Country(
      region: "MX", locale: "es-MX", currency: "MXN", price: 68_000, prefix: "+5255", digits: 8),
    Country(
      region: "ES", locale: "es-ES", currency: "EUR", price: 84_000, prefix: "+346", digits: 8),
    Country(
      region: "ET", locale: "am-ET", currency: "ETB", price: 254_000, prefix: "+2519", digits: 8),
    Country(
      region: "NZ", locale: "en-NZ", currency: "NZD", price: 105_000, prefix: "+6421", digits: 7),
  ]
  static let countryShares = [640, 110, 80, 60, 50, 40, 15, 4, 1]

  static let kinds = [
    "code", "payment_sent", "payment_received", "new_login", "low_balance", "password_changed",
    "two_factor_enabled", "phone_changed", "backup_code_used", "factor_disabled",
  ]
  static let kindShares = [480, 210, 170, 70, 50, 10, 6, 2, 1, 1]

  static let statuses = ["delivered", "undelivered", "failed", "unknown", "expired", "sent"]
  static let statusShares = [955, 22, 8, 8, 2, 5]

  private static let given = [
    "Ann", "Bob", "Carla", "Dawit", "Eve", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kira",
    "Liya",
    "Marta", "Noah", "Olga", "Pedro", "Quinn", "Rosa", "Samir", "Tess", "Uma", "Viktor", "Wen",
    "Yara",
  ]
  private static let family = [
    "Abebe", "Bauer", "Costa", "Dubois", "Evans", "Fischer", "Garcia", "Hansen", "Ivanov", "Jones",
    "Keller", "Lopez", "Martin", "Novak", "Okafor", "Perez", "Rossi", "Silva", "Tesfaye", "Wagner",
  ]

  static func name(_ random: inout SeededNumbers) -> String {
    "\(given[random.below(given.count)]) \(family[random.below(family.count)])"
  }
}

extension Identifier {
  /// An id of a time that is always the same of the same number.
  static func seeded(at time: Date, _ index: Int) -> Identifier {
    var random = SeededNumbers(index)
    var bytes = Array(Identifier(at: time).bytes.prefix(6))
    for number in [random.next(), random.next()] {
      bytes += unsafe withUnsafeBytes(of: number.bigEndian) { unsafe Array($0.prefix(5)) }
    }
    bytes[6] = bytes[6] & 0x0F | 0x70
    bytes[8] = bytes[8] & 0x3F | 0x80
    return Identifier(bytes: bytes) ?? Identifier(at: time)
  }
}
