import Countersign

/// GET /api/auth/sms/verify-phone: what became of the code.
struct ShowPhoneVerification {
  let verification: PhoneVerification
  let gate: SessionGate

  private struct Answer: Encodable {
    let success = true
    let phoneNumber: String
    let attemptsRemaining: Int
    let code: PendingCode
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.required(request)
    let standing = try verification.standing(for: session.account, at: request.time)
    return try .json(
      Answer(
        phoneNumber: standing.number.e164, attemptsRemaining: standing.attemptsRemaining,
        code: standing.code))
  }
}
