import Countersign
import FoundationEssentials

/// What a completed login answers.
struct LoginAnswer: Encodable {
  let success = true
  let userId: Account.ID
  let token: String
  let expiresAt: Date

  /// The answer with its cookies: the session's, the remembered device's, and the pending login's,
  /// which is over.
  static func response(
    _ account: Account.ID, _ session: IssuedSession, _ device: RememberedDevice.Issued?,
    _ gate: SessionGate, _ request: Request
  ) throws -> Response {
    let answer = LoginAnswer(
      userId: account, token: session.token.reveal(), expiresAt: session.expiresAt)
    return try Response.json(answer).opening(session, device, gate, request)
  }
}

extension Response {
  /// The answer with the cookies of a login.
  func opening(
    _ session: IssuedSession, _ device: RememberedDevice.Issued?, _ gate: SessionGate,
    _ request: Request
  ) -> Response {
    let cookie = gate.cookie(session, for: request)
    var response = adding(cookie.name, cookie.value)
      .adding("Set-Cookie", gate.cookies.expiredPendingLogin)
    if let device {
      let cookie = gate.cookie(device, for: request)
      response = response.adding(cookie.name, cookie.value)
    }
    return response
  }
}

extension Rejection {
  /// As a login tells it: who does not hold its challenge, holds one that is over, or has used up
  /// its tries learns no more than that the code was not right.
  var ofLogin: Rejection {
    switch reason {
    case .notFound, .challengeExpired, .challengeExhausted:
      Rejection(.codeUnauthorized).adding("attemptsRemaining", .int(0))
    default: self
    }
  }
}
