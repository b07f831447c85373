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

/// POST /api/auth/sms/verify-phone
struct CheckPhoneVerification {
  let verification: PhoneVerification
  let gate: SessionGate

  private struct Body: RequestBody {
    let code: String

    enum CodingKeys: String, CodingKey, CaseIterable { case code }
  }

  private struct Answer: Encodable {
    let success = true
    let message = "Your phone number is verified."
    let phoneNumber: String
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.required(request)
    let body: Body = try request.decode()
    let number = try verification.verify(body.code, nil, for: session.account, at: request.time)
    return try .json(Answer(phoneNumber: number.e164))
  }
}
