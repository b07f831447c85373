import Countersign
import FoundationEssentials

/// The profile, as `/api/account` shows it.
struct AccountAnswer: Encodable {
  let userId: Account.ID
  let email: String
  let name: OrNull<String>
  let locale: String
  let region: String
  let currency: String
  let phoneNumber: String?
  let phoneVerified: Bool
  let secondFactors: [Factor]
  let createdAt: Date

  init(_ account: Account, secondFactors: [Factor]) {
    userId = account.id
    email = account.email
    name = OrNull(account.name)
    locale = account.locale
    region = account.region
    currency = account.currency
    phoneNumber = account.phone?.e164
    phoneVerified = account.isPhoneVerified
    self.secondFactors = secondFactors
    createdAt = account.createdAt
  }
}

/// GET /api/account
struct ShowAccount {
  let accounts: Accounts
  let gate: SessionGate

  func respond(to request: Request) throws -> Response {
    let account = try gate.required(request).account
    return try .json(
      AccountAnswer(account, secondFactors: try accounts.secondFactors(of: account.id)))
  }
}
