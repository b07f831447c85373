import Countersign
import FoundationEssentials

/// POST /api/auth/verify-phone, for callers with a session and for those who have no account yet.
struct VerifyPhone {
  let verification: PhoneVerification
  let gate: SessionGate
  let destinations: Destinations
  let defaultRegion: String

  private struct Body: RequestBody {
    let phoneNumber: String
    let action: Action
    let channel: String?
    let code: String?

    enum Action: String, Decodable { case send, verify }
    enum CodingKeys: String, CodingKey, CaseIterable { case phoneNumber, action, channel, code }
  }

  private struct SentAnswer: Encodable {
    let success = true
    let sent = true
    let expiresAt: Date
    let resendAfter: Int
  }

  private struct VerifiedAnswer: Encodable {
    let success = true
    let verified = true
    let phoneVerificationToken: String?
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.optional(request)
    let body: Body = try request.decode()
    let number = try destinations.number(
      body.phoneNumber, region: session?.account.region ?? defaultRegion)
    switch body.action {
    case .send:
      return try send(number, try .ofCode(body.channel), session, request)
    case .verify:
      guard let code = body.code else { throw Rejection(.invalidField, field: "code") }
      do {
        return try verify(number, code, session, request)
      } catch let rejection as Rejection where rejection.reason == .codeIncorrect {
        // A stranger is not told how many tries are left: that would tell whether a code was asked for.
        let refusal = session == nil ? Rejection(.codeIncorrect) : rejection
        throw refusal.adding("verified", .bool(false))
      }
    }
  }

  private func send(
    _ number: PhoneNumber, _ channel: OutgoingMessage.Channel, _ session: Session?,
    _ request: Request
  ) throws -> Response {
    let asker: PhoneVerification.Asker =
      session.map { .owner($0.account, address: request.address) }
      ?? .stranger(request.stranger)
    let sent: PhoneVerification.Sent
    do {
      sent = try verification.send(
        to: number, channel: channel, asker: asker, provenAt: session?.factorAt, at: request.time)
    } catch let rejection as Rejection where rejection.reason == .verificationInProgress {
      // Whether somebody else verifies the number is not told here.
      throw Rejection(.sendRefused)
    }
    try verification.watch(sent, tellsWhy: false)
    return try .json(SentAnswer(expiresAt: sent.expiresAt, resendAfter: sent.resendAfter))
  }

  private func verify(
    _ number: PhoneNumber, _ code: String, _ session: Session?, _ request: Request
  ) throws -> Response {
    guard let session else {
      let token = try verification.verifyBeforeSignUp(code, number, at: request.time)
      return try .json(VerifiedAnswer(phoneVerificationToken: token.reveal()))
    }
    _ = try verification.verify(code, number, for: session.account, at: request.time)
    return try .json(VerifiedAnswer(phoneVerificationToken: nil))
  }
}
