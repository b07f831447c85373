import Countersign

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
    try host.onceInTransaction(request) {
      let body: Body = try request.decode()
      guard let purpose = Challenge.Purpose(named: body.purpose) else {
        throw Rejection(.invalidField, field: "purpose")
      }
      let result = try authorizations.redeem(body.authorization, for: purpose, at: request.time) {
        try details(body.details?.value, of: $0)
      }
      switch result {
      case .success(let redeemed):
        return .success(try .json(Answer(userId: redeemed.account, method: redeemed.method)))
      case .failure(let rejection): return .failure(rejection)
      }
    }
  }

  /// The details, whose currency is the account's when the host names none.
  private func details(_ body: DetailsBody?, of id: Account.ID) throws -> TransactionDetails? {
    guard let body else { return nil }
    guard let account = try accounts.find(id) else { throw Rejection(.authorizationInvalid) }
    return try body.details(of: account)
  }
}
