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

  private struct SessionAnswer: Encodable {
    let success = true
    let userId: Account.ID
    let token: String
    let expiresAt: Date
    let requires2FA = false
  }

  private struct PendingAnswer: Encodable {
    let success = true
    let requires2FA = true
    let challengeId: String
    let method: Factor
    let maskedPhone: String?
    /// False when too many codes went to the number already, and for the app, which needs none.
    let codeSent: Bool
    /// For the app: whether a code by text message may be asked for in its place.
    let textInstead: Bool?
    let resendAfter: Int?
    let expiresAt: Date
  }

  func respond(to request: Request) throws -> Response {
    let body: Body = try request.decode()
    let signIn = try accounts.signIn(
      email: body.email, body.password, device: try request.cookie(named: gate.cookies.deviceName),
      request.client, address: request.address, at: request.time)
    switch signIn {
    case .session(let account, let session, let device):
      let cookie = gate.cookie(session, for: request)
      let answer = SessionAnswer(
        userId: account, token: session.token.reveal(), expiresAt: session.expiresAt)
      var response = try Response.json(answer).adding(cookie.name, cookie.value)
      if let device {
        let cookie = gate.cookie(device, for: request)
        response = response.adding(cookie.name, cookie.value)
      }
      return response
    case .pending(let begun):
      let cookie = gate.cookie(pending: begun, for: request)
      var response = try Response.json(
        PendingAnswer(
          challengeId: begun.id.reveal(), method: begun.method, maskedPhone: begun.maskedPhone,
          codeSent: begun.isCodeSent, textInstead: begun.method == .app ? begun.canText : nil,
          resendAfter: begun.resendAfter, expiresAt: begun.expiresAt)
      ).adding(cookie.name, cookie.value)
      response.limit = begun.limit
      return response
    }
  }
}
