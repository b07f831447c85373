import Countersign

/// POST /api/auth/phone/claim, for a number that another account holds and the caller has proven.
struct ClaimPhone {
  let verification: PhoneVerification
  let gate: SessionGate
  let destinations: Destinations

  private struct Body: RequestBody {
    let phoneNumber: String
    let code: String

    enum CodingKeys: String, CodingKey, CaseIterable { case phoneNumber, code }
  }

  private struct Answer: Encodable {
    let success = true
    let message = "The phone number is now yours."
    let phoneNumber: String
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.required(request)
    let body: Body = try request.decode()
    let number = try destinations.number(body.phoneNumber, region: session.account.region)
    try verification.claim(number, body.code, for: session.account, at: request.time)
    return try .json(Answer(phoneNumber: number.e164))
  }
}
