import Countersign
import FoundationEssentials

/// POST /api/auth/2fa/authorizations/redeem: the host is about to do what was confirmed.
struct RedeemAuthorization {
  let authorizations: Authorizations
  let accounts: AccountDirectory
  let host: HostGate

  private struct Body: RequestBody {
    let authorization: String
    let purpose: String
    let details: NestedBody<DetailsBody>?

    enum CodingKeys: String, CodingKey, CaseIterable { case authorization, purpose, details }
  }

  private struct Answer: Encodable {
    let success = true
    let userId: Account.ID
    /// A second factor was proven for this one act.
    let aal = 2
    let method: Factor
  }

  func respond(to request: Request) throws -> Response {
    try host.once(request) {
      let body: Body = try request.decode()
      guard let purpose = Challenge.Purpose(named: body.purpose) else {
        throw Rejection(.invalidField, field: "purpose")
      }
      let redeemed = try authorizations.redeem(
        body.authorization, for: purpose, body.details?.value, accounts, at: request.time)
      return try .json(Answer(userId: redeemed.account, method: redeemed.method))
    }
  }
}

extension Authorizations {
  /// Redeems for details whose currency may be left to the account.
  fileprivate func redeem(
    _ text: String, for purpose: Challenge.Purpose, _ details: DetailsBody?,
    _ accounts: AccountDirectory, at now: Date
  ) throws -> Redeemed {
    try redeem(text, for: purpose, at: now) { account in
      guard let details else { return nil }
      guard let account = try accounts.find(account) else {
        throw Rejection(.authorizationInvalid)
      }
      return try details.details(of: account)
    }
  }
}
