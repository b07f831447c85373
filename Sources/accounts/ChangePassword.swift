import Countersign

/// POST /api/auth/password
struct ChangePassword {
  let accounts: Accounts
  let gate: SessionGate

  private struct Body: RequestBody {
    let currentPassword: Secret
    let newPassword: Secret
    /// Taken and not needed while the account has no second factor.
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
    let session = try gate.required(request)
    let body: Body = try request.decode()
    try accounts.changePassword(
      session, from: body.currentPassword, to: body.newPassword, address: request.address,
      at: request.time)
    return try .json(Answer())
  }
}
