import Countersign

/// POST /api/auth/password
struct ChangePassword {
  let accounts: Accounts
  let gate: SessionGate

  private struct Body: RequestBody {
    let currentPassword: Secret
    let newPassword: Secret
    /// Of the purpose `password_change`; needed with a second factor on.
    let authorization: Secret?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case currentPassword, newPassword, authorization
    }
  }

  private struct Answer: Encodable {
    let success = true
    let message = "Your password was changed, and all other sessions were ended."
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.fullyAuthenticated(request)
    let body: Body = try request.decode()
    try accounts.changePassword(
      session, from: body.currentPassword, to: body.newPassword, body.authorization,
      at: request.time)
    return try .json(Answer())
  }
}
