import Countersign
import FoundationEssentials

/// POST /api/auth/2fa/enable
struct EnableTwoFactor {
  let factors: SecondFactors
  let gate: SessionGate

  private struct Body: RequestBody {
    let method: Method?
    /// Needed for the first factor in a session that was not opened lately.
    let password: Secret?
    /// Of the purpose `factor_change`; needed where a second factor is on, unless it was just proven in
    /// this session and stays as it is.
    let authorization: Secret?

    enum Method: String, Decodable { case sms, app }
    enum CodingKeys: String, CodingKey, CaseIterable { case method, password, authorization }
  }

  private struct SentAnswer: Encodable {
    let success = true
    let requiresVerification = true
    let backupCodes: [String] = []
    let method = Factor.sms
    let maskedPhone: String?
    let resendAfter: Int?
    let expiresAt: Date
  }

  private struct AppAnswer: Encodable {
    let success = true
    let requiresVerification = true
    let backupCodes: [String] = []
    let method = Factor.app
    let factorSid: AppBinding.ID
    let uri: String
    let secret: String
    let qr: String
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.fullyAuthenticated(request)
    let body: Body? = request.body.isEmpty ? nil : try request.decode()
    let proof = SecondFactors.Proof(
      password: body?.password, authorization: body?.authorization)
    switch body?.method ?? .sms {
    case .sms:
      let begun = try factors.enableSMS(
        session, proof, address: request.address, at: request.time)
      return try .json(
        SentAnswer(
          maskedPhone: begun.maskedPhone, resendAfter: begun.resendAfter,
          expiresAt: begun.expiresAt))
    case .app:
      let binding = try factors.enableApp(session, proof, at: request.time)
      return try .json(
        AppAnswer(
          factorSid: binding.id, uri: binding.uri.reveal(), secret: binding.secret.reveal(),
          qr: binding.qrCode))
    }
  }
}
