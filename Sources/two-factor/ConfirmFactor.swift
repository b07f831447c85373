import Countersign
import FoundationEssentials

/// POST /api/auth/2fa/verify-and-enable, for the factor that was begun last, and POST /api/code/verify
/// for the app: the first code, which puts a factor in force.
struct ConfirmFactor {
  let factors: SecondFactors
  let gate: SessionGate
  /// Nil for the one that was begun last.
  let kind: Factor?

  private struct Body: RequestBody {
    let code: String

    enum CodingKeys: String, CodingKey, CaseIterable { case code }
  }

  private struct Answer: Encodable {
    let success = true
    let status: String?
    let backupCodes: [String]
    let token: String
    let expiresAt: Date
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.fullyAuthenticated(request)
    let body: Body = try request.decode()
    let enabled = try factors.confirm(session, kind, body.code, at: request.time)
    let cookie = gate.cookie(enabled.session, for: request)
    return try .json(
      Answer(
        status: kind == nil ? nil : "verified", backupCodes: enabled.backupCodes,
        token: enabled.session.token.reveal(), expiresAt: enabled.session.expiresAt)
    ).adding(cookie.name, cookie.value)
  }
}
