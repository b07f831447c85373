import Countersign

/// The fields that events have, all kinds together; which of them a kind takes is looked at afterwards.
struct EventFields: RequestBody {
  var amount: Int?
  var currency: String?
  var recipient: String?
  var sender: String?
  var balance: Int?
  var threshold: Int?
  var transactionId: String?
  var address: String?
  var device: String?
  var method: String?
  var remaining: Int?

  static let none = EventFields()

  enum CodingKeys: String, CodingKey, CaseIterable {
    case amount, currency, recipient, sender, balance, threshold, transactionId
    case address, device, method, remaining
  }

  /// Those that are there.
  private var present: Set<CodingKeys> {
    let values: [(CodingKeys, Bool)] = [
      (.amount, amount != nil), (.currency, currency != nil), (.recipient, recipient != nil),
      (.sender, sender != nil), (.balance, balance != nil), (.threshold, threshold != nil),
      (.transactionId, transactionId != nil), (.address, address != nil),
      (.device, device != nil), (.method, method != nil), (.remaining, remaining != nil),
    ]
    return Set(values.filter(\.1).map(\.0))
  }

  private func required<Value>(_ value: Value?, _ name: CodingKeys) throws(Rejection) -> Value {
    guard let value else { throw Rejection(.invalidField, field: name.rawValue) }
    return value
  }

  /// The event of a kind, for an account whose currency is meant where none is named.
  ///
  /// - Throws: `invalid_field` naming a field that is missing, wrong, or of another kind of event.
  func event(_ kind: AccountEvent.Kind, _ account: Account) throws(Rejection) -> AccountEvent {
    guard kind.isOfHost else { throw Rejection(.invalidField, field: "type") }
    let taken: Set<CodingKeys> =
      switch kind {
      case .paymentSent: [.amount, .currency, .recipient, .balance, .transactionId]
      case .paymentReceived: [.amount, .currency, .sender, .balance, .transactionId]
      case .lowBalance: [.balance, .threshold, .currency]
      case .newLogin: [.address, .device]
      case .twoFactorEnabled: [.method]
      case .backupCodeUsed: [.remaining]
      default: []
      }
    for field in CodingKeys.allCases where present.contains(field) && !taken.contains(field) {
      throw Rejection(.invalidField, field: field.rawValue)
    }
    switch kind {
    case .paymentSent:
      return .paymentSent(try payment(account, recipient, .recipient))
    case .paymentReceived:
      return .paymentReceived(try payment(account, sender, .sender))
    case .lowBalance:
      return try .lowBalance(
        balance: try required(balance, .balance), threshold: try required(threshold, .threshold),
        try account.currency(currency))
    case .newLogin:
      for (text, name) in [(address, CodingKeys.address), (device, .device)] {
        guard let text, !TransactionDetails.isPlain(text) else { continue }
        throw Rejection(.invalidField, field: name.rawValue)
      }
      return .security(
        .newLogin(ClientDescription(userAgent: device ?? "", address: address ?? "")))
    case .passwordChanged: return .security(.passwordChanged)
    case .phoneChanged: return .security(.phoneChanged)
    case .twoFactorEnabled:
      guard let factor = Factor(rawValue: method ?? "app"), factor != .backup else {
        throw Rejection(.invalidField, field: "method")
      }
      return .security(.twoFactorEnabled(factor))
    case .twoFactorDisabled: return .security(.twoFactorDisabled)
    case .backupCodeUsed:
      let left = try required(remaining, .remaining)
      guard (0...1_000).contains(left) else { throw Rejection(.invalidField, field: "remaining") }
      return .security(.backupCodeUsed(left: left))
    case .passwordReset, .passwordResetForced, .backupCodesReplaced, .factorDisabled, .codesFailing:
      throw Rejection(.invalidField, field: "type")
    }
  }

  private func payment(
    _ account: Account, _ party: String?, _ partyField: CodingKeys
  ) throws(Rejection) -> AccountEvent.Payment {
    try AccountEvent.payment(
      amount: try required(amount, .amount), try account.currency(currency),
      party: try required(party, partyField), partyField: partyField.rawValue,
      balance: try required(balance, .balance), transaction: transactionId)
  }
}

extension AccountEvent.Kind {
  /// True for what the host tells of; the others happen here.
  var isOfHost: Bool {
    switch self {
    case .passwordReset, .passwordResetForced, .backupCodesReplaced, .factorDisabled, .codesFailing:
      false
    default: true
    }
  }
}

extension Account {
  /// The currency that a request names, else the account's.
  ///
  /// - Throws: `invalid_field` for a code that is no currency.
  func currency(_ code: String?) throws(Rejection) -> Currency {
    guard let currency = Currency(code ?? self.currency) else {
      throw Rejection(.invalidField, field: "currency")
    }
    return currency
  }
}
