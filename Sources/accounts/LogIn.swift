import Countersign
import FoundationEssentials

/// POST /api/auth/login
struct LogIn {
  let accounts: Accounts
  let gate: SessionGate

  private struct Body: RequestBody {
    let email: String
    let password: Secret

    enum CodingKeys: String, CodingKey, CaseIterable { case email, password }
  }

  private struct Answer: Encodable {
    let success = true
    let userId: Account.ID
    let token: String
    let expiresAt: Date
    let requires2FA = false
  }

  func respond(to request: Request) throws -> Response {
    let body: Body = try request.decode()
    let (account, session) = try accounts.signIn(
      email: body.email, body.password, request.client, address: request.address, at: request.time)
    let answer = Answer(
      userId: account.id, token: session.token.reveal(), expiresAt: session.expiresAt)
    let cookie = gate.cookie(session, for: request)
    return try .json(answer).adding(cookie.name, cookie.value)
  }
}
