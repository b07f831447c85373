import Countersign

/// PUT /api/users/{externalId}, by which a host that keeps its own users makes them known here.
struct MirrorUser {
  let accounts: Accounts
  let keys: ServiceKeys

  private struct Body: RequestBody {
    let email: String
    let phoneNumber: String?
    let name: String?
    let locale: String?
    let region: String?
    let currency: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case email, phoneNumber, name, locale, region, currency
    }
  }

  private struct Answer: Encodable {
    let success = true
    let userId: Account.ID
    let externalId: String
  }

  func respond(to request: Request) throws -> Response {
    _ = try keys.required(request, .usersWrite)
    guard let externalID = request.parameters["externalId"], externalID.utf8.count <= 128 else {
      throw Rejection(.invalidField, field: "externalId")
    }
    let body: Body = try request.decode()
    guard let email = EmailAddress(body.email) else {
      throw Rejection(.invalidField, field: "email")
    }
    let profile = try ProfileFields(
      name: body.name, locale: body.locale, region: body.region, currency: body.currency
    ).profile()
    let (id, isNew) = try accounts.mirror(
      externalID: externalID, email: email, phone: body.phoneNumber, profile, at: request.time)
    return try .json(Answer(userId: id, externalId: externalID), isNew ? .created : .ok)
  }
}
