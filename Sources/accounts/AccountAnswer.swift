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
  let createdAt: Date

  init(_ account: Account) {
    userId = account.id
    email = account.email
    name = OrNull(account.name)
    locale = account.locale
    region = account.region
    currency = account.currency
    phoneNumber = account.phone?.e164
    phoneVerified = account.isPhoneVerified
    createdAt = account.createdAt
  }
}

/// GET /api/account
struct ShowAccount {
  let gate: SessionGate

  func respond(to request: Request) throws -> Response {
    try .json(AccountAnswer(try gate.required(request).account))
  }
}
