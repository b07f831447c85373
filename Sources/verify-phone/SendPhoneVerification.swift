import Countersign
import FoundationEssentials

/// What an account's owner is told when a code is on its way.
struct CodeSentAnswer: Encodable {
  let success = true
  let message = "A code is on its way. Check your phone."
  let expiresAt: Date
  let resendAfter: Int

  init(_ sent: PhoneVerification.Sent) {
    expiresAt = sent.expiresAt
    resendAfter = sent.resendAfter
  }
}

/// POST /api/auth/sms/send-phone-verification
///
/// A number that another account has verified gets the same answer and a code: only who enters it
/// learns of the other.
struct SendPhoneVerification {
  let verification: PhoneVerification
  let gate: SessionGate
  let destinations: Destinations

  private struct Body: RequestBody {
    let phoneNumber: String
    let channel: String?
    /// Of the purpose `phone_change`; needed with a second factor on, for another number.
    let authorization: Secret?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case phoneNumber, channel, authorization
    }
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.required(request)
    let body: Body = try request.decode()
    let number = try destinations.number(body.phoneNumber, region: session.account.region)
    let sent = try verification.send(
      to: number, channel: try .ofCode(body.channel),
      asker: .owner(session.account, address: request.address),
      authorization: body.authorization, provenAt: session.factorAt, at: request.time)
    try verification.watch(sent, tellsWhy: true)
    return try .json(CodeSentAnswer(sent))
  }
}

/// POST /api/auth/sms/resend
struct ResendPhoneVerification {
  let verification: PhoneVerification
  let gate: SessionGate

  private struct Body: RequestBody {
    let channel: String?

    enum CodingKeys: String, CodingKey, CaseIterable { case channel }
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.required(request)
    // Nothing has to be said with it, so an empty body will do.
    let channel: String? = request.body.isEmpty ? nil : (try request.decode() as Body).channel
    let sent = try verification.resend(
      for: session.account, channel: try .ofCode(channel), address: request.address,
      at: request.time)
    try verification.watch(sent, tellsWhy: true)
    return try .json(CodeSentAnswer(sent))
  }
}
