import Countersign

/// POST /api/auth/2fa/disable
struct DisableTwoFactor {
  let factors: SecondFactors
  let gate: SessionGate

  private struct Body: RequestBody {
    let password: Secret
    /// Of the purpose `disable_2fa`.
    let authorization: Secret?

    enum CodingKeys: String, CodingKey, CaseIterable { case password, authorization }
  }

  private struct Answer: Encodable {
    let success = true
    let message = "Two-step login is off. Your backup codes and remembered devices are gone."
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.fullyAuthenticated(request)
    let body: Body = try request.decode()
    try factors.disable(session, body.password, body.authorization, at: request.time)
    return try .json(Answer())
  }
}
