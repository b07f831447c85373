import Countersign

/// GET /api/auth/session/check, which nginx asks for other applications with `auth_request`.
///
/// It answers 204 with who the caller is, 401, or 403 when `aal` or `role` asks for more than the
/// session has.
struct CheckSession {
  let gate: SessionGate

  func respond(to request: Request) throws -> Response {
    let session = try gate.required(request)
    if let level = try request.queryValue("aal") {
      guard let level = Int(level), (1...2).contains(level) else {
        throw Rejection(.invalidField, field: "aal")
      }
      guard session.level >= level else { throw Rejection(.levelTooLow) }
    }
    if let role = try request.queryValue("role") {
      guard let role = Account.Role(rawValue: role) else {
        throw Rejection(.invalidField, field: "role")
      }
      guard role == .user || session.account.role == role else { throw Rejection(.roleRequired) }
    }
    return Response.noContent
      .adding("X-Auth-User", session.account.id.description)
      .adding("X-Auth-Level", String(session.level))
      .adding("X-Auth-Role", session.account.role.rawValue)
  }
}
