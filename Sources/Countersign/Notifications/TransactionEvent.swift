/// Something that happened to an account's money, as the host tells it.
package enum TransactionEvent: Sendable, Equatable {
  case paymentSent(Payment)
  case paymentReceived(Payment)
  case lowBalance(balance: Money, threshold: Money)

  /// A payment, and what the account holds after it.
  package struct Payment: Sendable, Equatable {
    package let money: Money
    /// To whom, or from whom.
    package let party: String
    package let balance: Money
    package let transaction: String?
  }

  /// The raw value is stored and shown.
  package enum Kind: String, CaseIterable, Sendable, Codable {
    case paymentSent = "payment_sent"
    case paymentReceived = "payment_received"
    case lowBalance = "low_balance"

    /// Where it is told; a low balance is worth no mail, which is read when it is too late.
    package var channels: [OutgoingMessage.Channel] {
      self == .lowBalance ? [.sms] : [.sms, .email]
    }

    var message: OutgoingMessage.Kind {
      switch self {
      case .paymentSent: .paymentSent
      case .paymentReceived: .paymentReceived
      case .lowBalance: .lowBalance
      }
    }
  }

  package var kind: Kind {
    switch self {
    case .paymentSent: .paymentSent
    case .paymentReceived: .paymentReceived
    case .lowBalance: .lowBalance
    }
  }

  /// Largest amount in minor units, exclusive.
  private static let amountLimit = 1_000_000_000_000

  /// - Parameter partyField: the request's name for the other side.
  /// - Throws: `invalid_field` for an amount that is not above nought, amounts of a trillion and more, and
  ///   names that are empty, longer than 140 characters, or hold characters that are not seen as they
  ///   are.
  package static func payment(
    amount: Int, _ currency: Currency, party: String, partyField: String, balance: Int,
    transaction: String?
  ) throws(Rejection) -> Payment {
    guard amount > 0, amount < amountLimit else { throw Rejection(.invalidField, field: "amount") }
    guard balance.magnitude < amountLimit else { throw Rejection(.invalidField, field: "balance") }
    guard TransactionDetails.isPlain(party) else {
      throw Rejection(.invalidField, field: partyField)
    }
    if let transaction, !TransactionDetails.isPlain(transaction) {
      throw Rejection(.invalidField, field: "transactionId")
    }
    return Payment(
      money: Money(amount: amount, currency), party: party,
      balance: Money(amount: balance, currency), transaction: transaction)
  }

  /// - Throws: `invalid_field` for amounts of a trillion and more, and for a threshold below nought.
  package static func lowBalance(
    balance: Int, threshold: Int, _ currency: Currency
  ) throws(Rejection) -> TransactionEvent {
    guard balance.magnitude < amountLimit else { throw Rejection(.invalidField, field: "balance") }
    guard (0..<amountLimit).contains(threshold) else {
      throw Rejection(.invalidField, field: "threshold")
    }
    return .lowBalance(
      balance: Money(amount: balance, currency), threshold: Money(amount: threshold, currency))
  }
}

/// What is kept, and shown, of an event: the fields that it has.
package struct TransactionData: Sendable, Codable, Equatable {
  package var amount: Int?
  package var currency: String
  package var recipient: String?
  package var sender: String?
  package var balance: Int
  package var threshold: Int?
  package var transactionId: String?

  init(_ event: TransactionEvent) {
    switch event {
    case .paymentSent(let payment):
      amount = payment.money.amount
      recipient = payment.party
      (balance, currency) = (payment.balance.amount, payment.balance.currency.code)
      transactionId = payment.transaction
    case .paymentReceived(let payment):
      amount = payment.money.amount
      sender = payment.party
      (balance, currency) = (payment.balance.amount, payment.balance.currency.code)
      transactionId = payment.transaction
    case .lowBalance(let left, let limit):
      (balance, currency) = (left.amount, left.currency.code)
      threshold = limit.amount
    }
  }
}
