import Countersign
import FoundationEssentials

/// GET /api/admin/api-keys: the host's keys, without their secrets.
struct ListKeys {
  let keys: ServiceKeys

  private struct Answer: Encodable {
    struct Entry: Encodable {
      let id: String
      let name: String
      let scopes: [String]
      let createdAt: Date
      let revokedAt: Date?
    }
    struct Data: Encodable {
      let keys: [Entry]
    }
    let success = true
    let data: Data
  }

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    let entries = try keys.list().map {
      Answer.Entry(
        id: $0.id, name: $0.name, scopes: $0.scopes, createdAt: $0.createdAt,
        revokedAt: $0.revokedAt)
    }
    return try .json(Answer(data: Answer.Data(keys: entries)))
  }
}

/// POST /api/admin/api-keys: makes a key, which is shown this once.
struct CreateKey {
  let approvals: Approvals

  struct Body: RequestBody {
    let name: String?
    let scopes: [String]
    let reason: String?
    enum CodingKeys: String, CodingKey, CaseIterable { case name, scopes, reason }
  }

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    let body: Body = try request.decode()
    guard !body.scopes.isEmpty, body.scopes.allSatisfy({ ServiceKey.Scope(rawValue: $0) != nil })
    else { throw Rejection(.invalidField, field: "scopes") }
    let name = body.name ?? ""
    guard name.unicodeScalars.count <= 100, name.unicodeScalars.allSatisfy({ $0.value >= 0x20 })
    else { throw Rejection(.invalidField, field: "name") }
    return try .outcome(
      try approvals.perform(
        .createKey(name: name, scopes: Set(body.scopes).sorted()), try Reason(body.reason),
        by: admin), "")
  }
}

/// DELETE /api/admin/api-keys/{id}, or with the id beside the reason: ends a key.
struct RevokeKey {
  let oversight: Oversight

  struct Body: RequestBody {
    let id: String?
    let reason: String?
    enum CodingKeys: String, CodingKey, CaseIterable { case id, reason }
  }

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    var (id, reason) = (try request.queryValue("id"), try request.queryValue("reason"))
    if !request.body.isEmpty {
      let body: Body = try request.decode()
      guard id == nil || body.id == nil || id == body.id else {
        throw Rejection(.invalidField, field: "id")
      }
      (id, reason) = (body.id ?? id, body.reason ?? reason)
    }
    let named = request.parameters["id"] ?? id
    // Two that differ would leave open which one is meant.
    guard let named, id == nil || id == named else { throw Rejection(.invalidField, field: "id") }
    try oversight.revokeKey(named, try Reason(reason), by: admin)
    return .noContent
  }
}
