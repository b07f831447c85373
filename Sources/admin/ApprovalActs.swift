import Countersign
import FoundationEssentials

extension Response {
  private struct Waiting: Encodable {
    let success = true
    let message = "Another administrator has to approve this."
    let approvalId: Approvals.ID
    let expiresAt: Date
  }

  private struct Key: Encodable {
    let success = true
    let message = "This key is shown this once."
    let key: String
  }

  /// What came of an act that may take two administrators.
  static func outcome(_ outcome: Approvals.Outcome, _ sentence: String) throws -> Response {
    switch outcome {
    case .done: try .json(Done(message: sentence))
    case .key(let key): try .json(Key(key: key.reveal()), .created)
    case .waits(let id, let end): try .json(Waiting(approvalId: id, expiresAt: end), .accepted)
    }
  }
}

/// GET /api/admin/approvals: what waits for a second administrator.
struct ListApprovals {
  let approvals: Approvals

  private struct Answer: Encodable {
    struct Data: Encodable {
      let dualControl: Bool
      let approvals: [Entry]
    }
    struct Entry: Encodable {
      let id: Approvals.ID
      let act: String
      let userId: Account.ID?
      let details: [String: String]
      let reason: String
      let requestedBy: Account.ID
      /// Whether it is the caller's own, which somebody else has to approve.
      let own: Bool
      let createdAt: Date
      let expiresAt: Date
    }
    let success = true
    let data: Data
  }

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    let entries = try approvals.list(at: request.time).map { waiting in
      Answer.Entry(
        id: waiting.id, act: waiting.act.name, userId: waiting.target, details: waiting.summary,
        reason: waiting.reason, requestedBy: waiting.requestedBy,
        own: waiting.requestedBy == admin.account.id, createdAt: waiting.createdAt,
        expiresAt: waiting.expiresAt)
    }
    return try .json(
      Answer(data: Answer.Data(dualControl: approvals.areNeeded, approvals: entries)))
  }
}

/// POST /api/admin/approvals/{id}/approve, which does what was asked for, and …/reject.
struct DecideApproval {
  let approvals: Approvals
  let isApproved: Bool

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    let id: Approvals.ID = try request.pathID()
    let body: ReasonBody = try request.decode()
    let outcome = try approvals.decide(
      id, isApproved: isApproved, try Reason(body.reason), by: admin)
    return try .outcome(outcome, isApproved ? "It is done." : "It is refused.")
  }
}
