import Countersign

/// POST /request-otp
struct RequestOTP {
  let verification: PhoneVerification
  let host: HostRequests

  private struct Body: RequestBody {
    let phoneNumber: String?
    let channel: String?

    enum CodingKeys: String, CodingKey, CaseIterable { case phoneNumber, channel }
  }

  private struct Answer: Encodable {
    let success = true
    let message = "OTP requested successfully. Check your phone."
  }

  func respond(to request: Request) throws -> Response {
    try host.once(request) {
      let body: Body = try request.decode()
      let number = try host.number(body.phoneNumber)
      _ = try verification.sendForHost(
        to: number, channel: try .ofCode(body.channel), isSecondFactor: false, at: request.time)
      return try .json(Answer())
    }
  }
}

/// POST /check-otp
struct CheckOTP {
  let verification: PhoneVerification
  let host: HostRequests

  private struct Body: RequestBody {
    let phoneNumber: String?
    let code: String?

    enum CodingKeys: String, CodingKey, CaseIterable { case phoneNumber, code }
  }

  private struct Answer: Encodable {
    let success = true
    let message = "Verification successful!"
  }

  func respond(to request: Request) throws -> Response {
    _ = try host.keys.required(request, .otp)
    let body: Body = try request.decode()
    let number = try host.number(body.phoneNumber)
    guard let code = body.code, !code.isEmpty else { throw Rejection(.invalidField, field: "code") }
    do {
      try verification.checkForHost(code, number, at: request.time)
    } catch let rejection as Rejection where rejection.reason == .codeIncorrect {
      throw Rejection(.codeUnauthorized)
    }
    return try .json(Answer())
  }
}
