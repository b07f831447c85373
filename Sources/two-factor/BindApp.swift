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
