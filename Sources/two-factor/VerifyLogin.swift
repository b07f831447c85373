import Countersign

/// POST /api/auth/2fa/verify: the second step of a login.
struct VerifyLogin {
  let challenges: Challenges
  let gate: SessionGate

  private struct Body: RequestBody {
    let email: String
    let code: String
    let useBackupCode: Bool?
    let challengeId: String?
    let rememberDevice: Bool?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case email, code, useBackupCode, challengeId, rememberDevice
    }
  }

  func respond(to request: Request) throws -> Response {
    let body: Body = try request.decode()
    guard
      let id = try body.challengeId ?? request.cookie(named: gate.cookies.pendingLoginName)
    else { throw Rejection(.notFound).ofLogin }
    do {
      let outcome = try challenges.answer(
        id, body.useBackupCode == true ? .backupCode(body.code) : .code(body.code),
        email: body.email, remembersDevice: body.rememberDevice == true, request.client,
        at: request.time)
      guard case .login(let account, let session, let device) = outcome else {
        throw Rejection(.notFound)
      }
      return try LoginAnswer.response(account, session, device, gate, request)
    } catch let rejection as Rejection {
      throw rejection.ofLogin
    }
  }
}

/// POST /api/auth/2fa/send-code
///
/// The answer is always the same: who does not hold a pending login of the account learns nothing,
/// and nothing is sent for them.
struct SendLoginCode {
  let challenges: Challenges
  let gate: SessionGate

  private struct Body: RequestBody {
    let email: String
    let challengeId: String?

    enum CodingKeys: String, CodingKey, CaseIterable { case email, challengeId }
  }

  private struct Answer: Encodable {
    let success = true
    let requires2FA = true
  }

  func respond(to request: Request) throws -> Response {
    let body: Body = try request.decode()
    if let id = try body.challengeId ?? request.cookie(named: gate.cookies.pendingLoginName) {
      do {
        _ = try challenges.resend(
          id, .sms, by: .holder, email: body.email, address: request.address, at: request.time)
      } catch is Rejection {
        // Refused, which is not to be seen.
      }
    }
    return try .json(Answer())
  }
}
