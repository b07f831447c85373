import Countersign
import FoundationEssentials

/// PUT /api/account/phone
struct ChangePhone {
  let verification: PhoneVerification
  let gate: SessionGate
  let destinations: Destinations

  private struct Body: RequestBody {
    let phoneNumber: String
    /// Of the purpose `phone_change`; needed with a second factor on.
    let authorization: Secret?

    enum CodingKeys: String, CodingKey, CaseIterable { case phoneNumber, authorization }
  }

  private struct Answer: Encodable {
    let success = true
    let message =
      "A code is on its way to the new number. The old one stays in force until the code is entered."
    let expiresAt: Date
    let resendAfter: Int
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.fullyAuthenticated(request)
    let body: Body = try request.decode()
    let number = try destinations.number(body.phoneNumber, region: session.account.region)
    let sent = try verification.send(
      to: number, channel: .sms, asker: .owner(session.account, address: request.address),
      authorization: body.authorization, at: request.time)
    return try .json(Answer(expiresAt: sent.expiresAt, resendAfter: sent.resendAfter), .accepted)
  }
}

/// DELETE /api/account/phone
struct RemovePhone {
  let accounts: Accounts
  let gate: SessionGate

  private struct Body: RequestBody {
    /// Of the purpose `phone_change`; needed with a second factor on.
    let authorization: Secret?

    enum CodingKeys: String, CodingKey, CaseIterable { case authorization }
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.fullyAuthenticated(request)
    let authorization =
      request.body.isEmpty ? nil : (try request.decode() as Body).authorization
    try accounts.removePhone(of: session.account, authorization, at: request.time)
    return .noContent
  }
}
