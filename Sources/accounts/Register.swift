import Countersign
import FoundationEssentials

/// POST /api/auth/register
struct Register {
  let accounts: Accounts
  let gate: SessionGate
  let destinations: Destinations
  let defaultRegion: String

  private struct Body: RequestBody {
    let email: String
    let password: Secret
    let name: String?
    let phoneNumber: String?
    let locale: String?
    let region: String?
    let phoneVerificationToken: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case email, password, name, phoneNumber, locale, region, phoneVerificationToken
    }
  }

  private struct Answer: Encodable {
    let success = true
    let userId: Account.ID
    let token: String
    let expiresAt: Date
    let phoneVerified: Bool
  }

  func respond(to request: Request) throws -> Response {
    let body: Body = try request.decode()
    guard let email = EmailAddress(body.email) else {
      throw Rejection(.invalidField, field: "email")
    }
    let profile = try ProfileFields(name: body.name, locale: body.locale, region: body.region)
      .profile()
    let region = profile.region ?? defaultRegion
    let phone = try body.phoneNumber.map { try destinations.number($0, region: region) }
    let proof = try body.phoneVerificationToken.map { text in
      guard let token = Token(received: text) else { throw Rejection(.phoneTokenInvalid) }
      return token
    }
    let registered = try accounts.register(
      Accounts.Registration(
        email: email, password: body.password, profile: profile, phone: phone, phoneProof: proof),
      request.client, at: request.time)
    let answer = Answer(
      userId: registered.account, token: registered.session.token.reveal(),
      expiresAt: registered.session.expiresAt,
      phoneVerified: registered.isPhoneVerified)
    let cookie = gate.cookie(registered.session, for: request)
    return try .json(answer, .created).adding(cookie.name, cookie.value)
  }
}
