import Countersign

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
