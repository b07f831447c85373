import Countersign
import FoundationEssentials

/// GET /api/auth/sessions
struct ListSessions {
  let sessions: Sessions
  let gate: SessionGate

  private struct Answer: Encodable {
    let sessions: [Entry]

    struct Entry: Encodable {
      let id: Session.ID
      let device: String
      let address: String
      let createdAt: Date
      let lastSeenAt: Date
      let current: Bool
    }
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.required(request)
    let entries = try sessions.list(session.account.id, at: request.time).map { summary in
      Answer.Entry(
        id: summary.id, device: summary.userAgent, address: summary.address,
        createdAt: summary.createdAt,
        lastSeenAt: summary.lastSeenAt, current: summary.id == session.id)
    }
    return try .json(Answer(sessions: entries))
  }
}
