import FoundationEssentials

/// Something that happened to an account, and is told to its owner.
package enum AccountEvent: Sendable {
  case paymentSent(Payment)
  case paymentReceived(Payment)
  case lowBalance(balance: Money, threshold: Money)
  case security(SecurityEvent)

  /// A payment, and what the account holds after it.
  package struct Payment: Sendable {
    package let money: Money
    /// To whom, or from whom.
    package let party: String
    package let balance: Money
    package let transaction: String?
  }

  /// The raw value is stored and shown, and names its texts.
  package enum Kind: String, CaseIterable, Sendable, Codable {
    case paymentSent = "payment_sent"
    case paymentReceived = "payment_received"
    case lowBalance = "low_balance"
    case newLogin = "new_login"
    case passwordChanged = "password_changed"
    case passwordReset = "password_reset"
    case passwordResetForced = "password_reset_forced"
    case phoneChanged = "phone_changed"
    case twoFactorEnabled = "two_factor_enabled"
    case twoFactorDisabled = "two_factor_disabled"
    case backupCodeUsed = "backup_code_used"
    case backupCodesReplaced = "backup_codes_replaced"
    case factorDisabled = "factor_disabled"
    case codesFailing = "codes_failing"

    /// What is told of an account's security can be neither switched off nor put off (NIST SP 800-63B
    /// section 4.6).
    package var isSecurity: Bool {
      switch self {
      case .paymentSent, .paymentReceived, .lowBalance: false
      default: true
      }
    }

    /// Whether it is not sent for a reason. Who wants no mail of ours still hears of their account's security.
    func isHeld(by reason: Consent.Reason) -> Bool {
      switch reason {
      case .optedOut, .bounced: true
      case .reportedSpam, .unsubscribed: !isSecurity
      }
    }

    /// Where it is told; a low balance is worth no mail, which is read when it is too late.
    package var channels: [OutgoingMessage.Channel] {
      self == .lowBalance ? [.sms] : [.sms, .email]
    }
  }

  package var kind: Kind {
    switch self {
    case .paymentSent: .paymentSent
    case .paymentReceived: .paymentReceived
    case .lowBalance: .lowBalance
    case .security(let event): event.kind
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
  ) throws(Rejection) -> AccountEvent {
    guard balance.magnitude < amountLimit else { throw Rejection(.invalidField, field: "balance") }
    return .lowBalance(
      balance: Money(amount: balance, currency),
      threshold: try Self.threshold(threshold, currency))
  }

  /// - Throws: `invalid_field`.
  package static func threshold(_ amount: Int, _ currency: Currency) throws(Rejection) -> Money {
    guard (0..<amountLimit).contains(amount) else {
      throw Rejection(.invalidField, field: "threshold")
    }
    return Money(amount: amount, currency)
  }
}

/// Something that happened to an account's security.
package enum SecurityEvent: Sendable {
  /// Signed in from where the account was never used before.
  case newLogin(ClientDescription)
  case passwordChanged
  case passwordReset
  /// By an administrator: the old one opens nothing any more.
  case passwordResetForced
  case phoneChanged
  case twoFactorEnabled(Factor)
  case twoFactorDisabled
  case backupCodeUsed(left: Int)
  case backupCodesReplaced
  /// Too many wrong codes in a row.
  case factorDisabled(Factor)
  /// The tries of an hour are used up.
  case codesFailing(Factor)

  var kind: AccountEvent.Kind {
    switch self {
    case .newLogin: .newLogin
    case .passwordChanged: .passwordChanged
    case .passwordReset: .passwordReset
    case .passwordResetForced: .passwordResetForced
    case .phoneChanged: .phoneChanged
    case .twoFactorEnabled: .twoFactorEnabled
    case .twoFactorDisabled: .twoFactorDisabled
    case .backupCodeUsed: .backupCodeUsed
    case .backupCodesReplaced: .backupCodesReplaced
    case .factorDisabled: .factorDisabled
    case .codesFailing: .codesFailing
    }
  }
}

/// What is kept, and shown, of an event: the fields that it has.
package struct EventData: Sendable, Codable, Equatable {
  package var amount: Int?
  package var currency: String?
  package var recipient: String?
  package var sender: String?
  package var balance: Int?
  package var threshold: Int?
  package var transactionId: String?
  package var address: String?
  package var device: String?
  package var method: String?
  package var remaining: Int?

  init(_ event: AccountEvent) {
    switch event {
    case .paymentSent(let payment):
      set(payment)
      recipient = payment.party
    case .paymentReceived(let payment):
      set(payment)
      sender = payment.party
    case .lowBalance(let left, let limit):
      (balance, currency) = (left.amount, left.currency.code)
      threshold = limit.amount
    case .security(let security):
      switch security {
      case .newLogin(let client):
        address = client.address.isEmpty ? nil : client.address
        device = client.userAgent.isEmpty ? nil : client.userAgent
      case .twoFactorEnabled(let factor), .factorDisabled(let factor), .codesFailing(let factor):
        method = factor.rawValue
      case .backupCodeUsed(let left): remaining = left
      case .passwordChanged, .passwordReset, .passwordResetForced, .phoneChanged,
        .twoFactorDisabled, .backupCodesReplaced:
        break
      }
    }
  }

  private mutating func set(_ payment: AccountEvent.Payment) {
    amount = payment.money.amount
    (balance, currency) = (payment.balance.amount, payment.balance.currency.code)
    transactionId = payment.transaction
  }
}
