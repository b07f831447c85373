import Countersign
import FoundationEssentials

/// POST /api/code/create: a secret for an authenticator app.
struct BindApp {
  let factors: SecondFactors
  let gate: SessionGate

  private struct Body: RequestBody {
    /// Needed for the first factor in a session that was not opened lately.
    let password: Secret?
    /// Of the purpose `factor_change`; needed where a second factor is on, unless it was just proven in
    /// this session and stays as it is.
    let authorization: Secret?

    enum CodingKeys: String, CodingKey, CaseIterable { case password, authorization }
  }

  private struct Answer: Encodable {
    let success = true
    let factorSid: AppBinding.ID
    let uri: String
    let secret: String
    let qr: String
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.fullyAuthenticated(request)
    let body: Body? = request.body.isEmpty ? nil : try request.decode()
    let binding = try factors.enableApp(
      session, SecondFactors.Proof(password: body?.password, authorization: body?.authorization),
      at: request.time)
    return try .json(
      Answer(
        factorSid: binding.id, uri: binding.uri.reveal(), secret: binding.secret.reveal(),
        qr: binding.qrCode))
  }
}

/// POST /api/code/verify: the first code of the app, which puts it in force.
struct ConfirmApp {
  let factors: SecondFactors
  let gate: SessionGate

  private struct Body: RequestBody {
    let code: String

    enum CodingKeys: String, CodingKey, CaseIterable { case code }
  }

  private struct Answer: Encodable {
    let success = true
    let status = "verified"
    let backupCodes: [String]
    let token: String
    let expiresAt: Date
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.fullyAuthenticated(request)
    let body: Body = try request.decode()
    let enabled = try factors.confirm(session, .app, body.code, at: request.time)
    let cookie = gate.cookie(enabled.session, for: request)
    return try .json(
      Answer(
        backupCodes: enabled.backupCodes, token: enabled.session.token.reveal(),
        expiresAt: enabled.session.expiresAt)
    ).adding(cookie.name, cookie.value)
  }
}
