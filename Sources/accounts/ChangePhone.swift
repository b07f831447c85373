import Countersign
import FoundationEssentials

/// PUT /api/account/phone
struct ChangePhone {
  private let verification: PhoneVerification
  private let gate: SessionGate
  private let destinations: Destinations

  init(_ verification: PhoneVerification, _ gate: SessionGate, _ destinations: Destinations) {
    self.verification = verification
    self.gate = gate
    self.destinations = destinations
  }

  private struct Body: RequestBody {
    let phoneNumber: String
    /// Taken and not needed while the account has no second factor.
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
    let session = try gate.required(request)
    let body: Body = try request.decode()
    let number = try destinations.number(body.phoneNumber, region: session.account.region)
    let sent = try verification.send(
      to: number, channel: .sms, asker: .owner(session.account, address: request.address),
      at: request.time)
    return try .json(Answer(expiresAt: sent.expiresAt, resendAfter: sent.resendAfter), .accepted)
  }
}

/// DELETE /api/account/phone
struct RemovePhone {
  private let accounts: Accounts
  private let gate: SessionGate

  init(_ accounts: Accounts, _ gate: SessionGate) {
    self.accounts = accounts
    self.gate = gate
  }

  func respond(to request: Request) throws -> Response {
    try accounts.removePhone(of: try gate.required(request).account, at: request.time)
    return .noContent
  }
}
