import Crypto
import FoundationEssentials

/// What a payment is about, as its payer confirms it: the code is made for this amount and this
/// payee, and confirms no other (Regulation (EU) 2018/389, Article 5).
package struct TransactionDetails: Sendable, Equatable, Codable {
  package let money: Money
  package let payee: String
  package let reference: String?

  /// Largest amount in minor units, exclusive.
  private static let amountLimit = 1_000_000_000_000
  private static let maximumLength = 140

  /// - Throws: `invalid_field` for an amount outside 1 to 999,999,999,999 minor units, an unknown
  ///   currency, or a payee or reference that is empty, longer than 140 characters, or holds
  ///   characters that are not seen as they are.
  package init(amount: Int, currency: String, payee: String, reference: String?) throws(Rejection) {
    guard amount > 0, amount < Self.amountLimit else {
      throw Rejection(.invalidField, field: "details.amount")
    }
    guard let currency = Currency(currency) else {
      throw Rejection(.invalidField, field: "details.currency")
    }
    guard Self.isPlain(payee) else { throw Rejection(.invalidField, field: "details.payee") }
    if let reference {
      guard Self.isPlain(reference) else {
        throw Rejection(.invalidField, field: "details.reference")
      }
    }
    money = Money(amount: amount, currency)
    self.payee = payee
    self.reference = reference
  }

  /// Nothing that turns the text around, hides in it, or ends its line: what the payer reads must be
  /// what was sent.
  package static func isPlain(_ text: String) -> Bool {
    (1...maximumLength).contains(text.unicodeScalars.count)
      && text.unicodeScalars.contains { !$0.properties.isWhitespace } && isVisible(text)
  }

  /// The same of any length.
  static func isVisible(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy {
      switch $0.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned,
        .surrogate:
        false
      default: true
      }
    }
  }

  /// SHA-256 of the canonical form: each field in UTF-8 with its length before it, so that no two
  /// sets of details share one.
  var hash: [UInt8] {
    var canonical = Array("transaction/v1".utf8)
    for field in [String(money.amount), money.currency.code, payee, reference ?? ""] {
      let bytes = Array(field.utf8)
      unsafe withUnsafeBytes(of: UInt32(clamping: bytes.count).bigEndian) {
        unsafe canonical.append(contentsOf: $0)
      }
      canonical += bytes
    }
    // An empty reference is refused, so none and empty cannot be confused.
    return Array(SHA256.hash(data: canonical))
  }

  // MARK: Storing

  private enum CodingKeys: String, CodingKey { case amount, currency, payee, reference }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      amount: try container.decode(Int.self, forKey: .amount),
      currency: try container.decode(String.self, forKey: .currency),
      payee: try container.decode(String.self, forKey: .payee),
      reference: try container.decodeIfPresent(String.self, forKey: .reference))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(money.amount, forKey: .amount)
    try container.encode(money.currency.code, forKey: .currency)
    try container.encode(payee, forKey: .payee)
    try container.encodeIfPresent(reference, forKey: .reference)
  }
}
