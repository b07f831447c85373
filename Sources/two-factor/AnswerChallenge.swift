import Countersign
import FoundationEssentials

/// POST /api/auth/2fa/challenges/{id}/verify: who knows the id may answer.
struct AnswerChallenge {
  let challenges: Challenges
  let gate: SessionGate

  private struct Body: RequestBody {
    let code: String?
    let backupCode: String?
    let rememberDevice: Bool?

    enum CodingKeys: String, CodingKey, CaseIterable { case code, backupCode, rememberDevice }
  }

  private struct AuthorizationAnswer: Encodable {
    let success = true
    let authorization: String
    let expiresAt: Date
  }

  func respond(to request: Request) throws -> Response {
    let body: Body = try request.decode()
    let offer: Challenge.Offer
    switch (body.code, body.backupCode) {
    case (let code?, nil): offer = .code(code)
    case (nil, let code?): offer = .backupCode(code)
    case (nil, nil): throw Rejection(.invalidField, field: "code")
    case (.some, .some): throw Rejection(.invalidField, field: "backupCode")
    }
    let outcome = try challenges.answer(
      request.challengeID(gate), offer, remembersDevice: body.rememberDevice == true,
      request.client, at: request.time)
    switch outcome {
    case .login(let account, let session, let device):
      return try LoginAnswer.response(account, session, device, gate, request)
    case .authorization(let token, let end):
      return try .json(AuthorizationAnswer(authorization: token.reveal(), expiresAt: end))
    }
  }
}

/// POST /api/auth/2fa/challenges/{id}/resend, for who began it.
struct ResendChallenge {
  let challenges: Challenges
  let gate: SessionGate
  let host: HostGate

  private struct Body: RequestBody {
    let channel: Channel?

    enum Channel: String, Decodable { case sms, call }
    enum CodingKeys: String, CodingKey, CaseIterable { case channel }
  }

  private struct Answer: Encodable {
    let success = true
    let message = "A code is on its way. Check your phone."
    let expiresAt: Date
    let resendAfter: Int
  }

  func respond(to request: Request) throws -> Response {
    let id = try request.challengeID(gate)
    if request.isHosts {
      return try host.once(request) { try resend(id, by: .host, request) }
    }
    // A pending login has no session to show: its id is all there is.
    if try challenges.origin(of: id) == .password {
      return try resend(id, by: .holder, request)
    }
    return try resend(id, by: .session(try gate.required(request)), request)
  }

  private func resend(_ id: String, by asker: Challenges.Asker, _ request: Request) throws
    -> Response
  {
    let body: Body? = request.body.isEmpty ? nil : try request.decode()
    let sent = try challenges.resend(
      id, body?.channel == .call ? .call : .sms, by: asker, address: request.address,
      at: request.time)
    return try .json(Answer(expiresAt: sent.expiresAt, resendAfter: sent.resendAfter))
  }
}
