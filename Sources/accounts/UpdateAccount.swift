import Countersign

/// PATCH /api/account
struct UpdateAccount {
  let accounts: Accounts
  let gate: SessionGate

  private struct Body: RequestBody {
    let name: String?
    let locale: String?
    let region: String?
    let currency: String?

    enum CodingKeys: String, CodingKey, CaseIterable { case name, locale, region, currency }
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.required(request)
    let body: Body = try request.decode()
    let fields = ProfileFields(
      name: body.name, locale: body.locale, region: body.region, currency: body.currency)
    let account = try accounts.update(session.account, try fields.profile())
    return try .json(
      AccountAnswer(account, secondFactors: try accounts.secondFactors(of: account.id)))
  }
}
