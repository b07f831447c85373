import Countersign
import FoundationEssentials

/// The details of a payment as a caller sends them; the currency is the account's when it names
/// none.
struct DetailsBody: RequestBody {
  let amount: Int
  let currency: String?
  let payee: String
  let reference: String?

  enum CodingKeys: String, CodingKey, CaseIterable { case amount, currency, payee, reference }

  func details(of account: Account) throws(Rejection) -> TransactionDetails {
    try TransactionDetails(
      amount: amount, currency: currency ?? account.currency, payee: payee, reference: reference)
  }
}

/// POST /api/auth/2fa/challenges, for somebody who is signed in, and for the host on behalf of one of
/// its users.
struct BeginChallenge {
  let challenges: Challenges
  let accounts: AccountDirectory
  let gate: SessionGate
  let host: HostGate

  private struct Body: RequestBody {
    let purpose: String
    let userId: String?
    let details: NestedBody<DetailsBody>?
    /// False begins one whose code is asked for later, or never: a backup code will do.
    let sendCode: Bool?

    enum CodingKeys: String, CodingKey, CaseIterable { case purpose, userId, details, sendCode }
  }

  private struct Answer: Encodable {
    let success = true
    let challengeId: String
    let method: Factor
    let maskedPhone: String?
    let resendAfter: Int?
    let expiresAt: Date
    /// What is confirmed, for the app to show; a text message names it by itself.
    let details: TransactionDetails?
  }

  func respond(to request: Request) throws -> Response {
    guard request.isHosts else {
      let session = try gate.required(request)
      let body: Body = try request.decode()
      guard body.userId == nil else { throw Rejection(.invalidField, field: "userId") }
      return try begin(
        body, session.account, by: .session(session, address: request.address), request)
    }
    return try host.once(request) {
      let body: Body = try request.decode()
      guard let id = body.userId.flatMap({ Account.ID($0) }) else {
        throw Rejection(.invalidField, field: "userId")
      }
      guard let account = try accounts.find(id) else { throw Rejection(.userUnknown) }
      return try begin(body, account, by: .host, request)
    }
  }

  private func begin(
    _ body: Body, _ account: Account, by beginner: Challenge.Beginner, _ request: Request
  ) throws -> Response {
    guard let purpose = Challenge.Purpose(named: body.purpose) else {
      throw Rejection(.invalidField, field: "purpose")
    }
    let details = try body.details?.value.details(of: account)
    let begun = try challenges.begin(
      purpose, for: account, details, by: beginner,
      firstCode: body.sendCode == false ? .whenAskedFor : .atOnce, at: request.time)
    return try .json(
      Answer(
        challengeId: begun.id.reveal(), method: begun.method, maskedPhone: begun.maskedPhone,
        resendAfter: begun.resendAfter, expiresAt: begun.expiresAt, details: details), .created)
  }
}
