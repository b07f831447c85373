import Countersign

/// DELETE /api/auth/sessions/{id}
struct EndSession {
  let sessions: Sessions
  let gate: SessionGate

  func respond(to request: Request) throws -> Response {
    let session = try gate.required(request)
    guard let id = request.parameters["id"].flatMap({ Session.ID($0) }) else {
      throw Rejection(.notFound)
    }
    try sessions.end(id, of: session.account.id)
    return .noContent
  }
}

/// DELETE /api/auth/sessions, which ends all but the caller's own.
struct EndOtherSessions {
  let accounts: Accounts
  let gate: SessionGate

  func respond(to request: Request) throws -> Response {
    try accounts.endOtherSessions(than: try gate.required(request))
    return .noContent
  }
}
