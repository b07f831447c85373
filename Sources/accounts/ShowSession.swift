import Countersign
import FoundationEssentials

/// GET /api/auth/session
struct ShowSession {
  let gate: SessionGate

  private struct Answer: Encodable {
    let userId: Account.ID
    let email: String
    let name: OrNull<String>
    let phoneNumber: String?
    let phoneVerified: Bool
    let twoFactorEnabled: Bool
    /// The factor that a login asks for.
    let method: OrNull<Factor>
    let aal: Int
    let expiresAt: Date
    let role: Account.Role
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.required(request)
    return try .json(
      Answer(
        userId: session.account.id, email: session.account.email,
        name: OrNull(session.account.name),
        phoneNumber: session.account.phone?.e164, phoneVerified: session.account.isPhoneVerified,
        twoFactorEnabled: session.account.secondFactor != nil,
        method: OrNull(session.account.secondFactor), aal: session.level,
        expiresAt: session.expiresAt, role: session.account.role))
  }
}
