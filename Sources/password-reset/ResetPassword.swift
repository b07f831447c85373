import Countersign

/// POST /api/auth/sms/verify-and-reset
struct ResetPassword {
  let reset: PasswordReset
  let destinations: Destinations
  let defaultRegion: String

  private struct Body: RequestBody {
    let phoneNumber: String
    let code: String
    let newPassword: Secret
    let emailCode: String?
    let backupCode: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case phoneNumber, code, newPassword, emailCode, backupCode
    }
  }

  private struct Answer: Encodable {
    let success = true
    let message = "Your password is set. Sign in with it."
  }

  func respond(to request: Request) throws -> Response {
    do {
      return try answer(request)
    } catch let rejection as Rejection {
      throw rejection.adding("message", .text(rejection.reason.answer.sentence))
    }
  }

  private func answer(_ request: Request) throws -> Response {
    let body: Body = try request.decode()
    let number = try destinations.number(body.phoneNumber, region: defaultRegion)
    let proof: PasswordReset.SecondProof?
    switch (body.emailCode, body.backupCode) {
    case (let code?, nil): proof = .mailedCode(code)
    case (nil, let code?): proof = .backupCode(code)
    case (nil, nil): proof = nil
    case (.some, .some): throw Rejection(.invalidField, field: "backupCode")
    }
    try reset.reset(number, body.code, to: body.newPassword, proof, at: request.time)
    return try .json(Answer())
  }
}
