import Countersign
import FoundationEssentials

/// GET /api/auth/2fa/challenges/{id}: who knows the id may see how it stands, and what became of its code.
struct ShowChallenge {
  let challenges: Challenges
  let gate: SessionGate

  private struct Answer: Encodable {
    let success = true
    let purpose: String
    let method: Factor
    let maskedPhone: String?
    let attemptsRemaining: Int
    let expiresAt: Date
    let code: PendingCode?
  }

  func respond(to request: Request) throws -> Response {
    let standing = try challenges.standing(of: request.challengeID(gate), at: request.time)
    return try .json(
      Answer(
        purpose: standing.purpose.rawValue, method: standing.method,
        maskedPhone: standing.maskedPhone, attemptsRemaining: standing.attemptsRemaining,
        expiresAt: standing.expiresAt, code: standing.code))
  }
}
