import Countersign

/// POST /api/auth/sms/request-password-reset, which answers the same for every number.
struct RequestReset {
  let reset: PasswordReset
  let destinations: Destinations
  let defaultRegion: String

  private struct Body: RequestBody {
    let phoneNumber: String

    enum CodingKeys: String, CodingKey, CaseIterable { case phoneNumber }
  }

  private struct Answer: Encodable {
    let success = true
    let message = "If an account has this phone number, a code is on its way."
  }

  func respond(to request: Request) throws -> Response {
    let body: Body = try request.decode()
    let number = try destinations.number(body.phoneNumber, region: defaultRegion)
    try reset.request(number, by: request.stranger, at: request.time)
    return try .json(Answer())
  }
}
