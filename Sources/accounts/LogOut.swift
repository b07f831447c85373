import Countersign

/// POST /api/auth/logout
struct LogOut {
  let sessions: Sessions
  let gate: SessionGate

  func respond(to request: Request) throws -> Response {
    let session = try gate.required(request)
    try sessions.end(session.id, of: session.account.id)
    return Response.noContent
      .adding("Set-Cookie", gate.cookies.expiredSession)
      .adding("Clear-Site-Data", "\"cache\", \"storage\"")
  }
}
