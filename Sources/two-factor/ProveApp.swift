import Countersign
import FoundationEssentials

/// POST /api/code/challenge: a code of the app, for a pending login or within a session.
struct ProveApp {
  let factors: SecondFactors
  let challenges: Challenges
  let gate: SessionGate

  private struct Body: RequestBody {
    let code: String
    let challengeId: String?

    enum CodingKeys: String, CodingKey, CaseIterable { case code, challengeId }
  }

  private struct Answer: Encodable {
    let success = true
    let status = "approved"
    var token: String?
    var authorization: String?
    var expiresAt: Date?
  }

  func respond(to request: Request) throws -> Response {
    let body: Body = try request.decode()
    if let id = body.challengeId { return try answer(id, body.code, request) }
    // A browser that has begun a login means that one, whatever old session it still presents.
    if request.headers[.authorization] == nil,
      let id = try request.cookie(named: gate.cookies.pendingLoginName)
    {
      return try answer(id, body.code, request)
    }
    return try prove(try gate.required(request), body.code, request)
  }

  private func answer(_ id: String, _ code: String, _ request: Request) throws -> Response {
    do {
      let outcome = try challenges.answer(
        id, .appCode(code), remembersDevice: false, request.client, at: request.time)
      switch outcome {
      case .login(_, let session, let device):
        return try Response.json(
          Answer(token: session.token.reveal(), expiresAt: session.expiresAt)
        ).opening(session, device, gate, request)
      case .authorization(let token, let end):
        return try .json(Answer(authorization: token.reveal(), expiresAt: end))
      }
    } catch let rejection as Rejection {
      throw rejection.ofLogin
    }
  }

  private func prove(_ session: Session, _ code: String, _ request: Request) throws -> Response {
    guard let raised = try factors.proveApp(session, code, at: request.time) else {
      return try .json(Answer())
    }
    let cookie = gate.cookie(raised, for: request)
    return try .json(Answer(token: raised.token.reveal(), expiresAt: raised.expiresAt))
      .adding(cookie.name, cookie.value)
  }
}
