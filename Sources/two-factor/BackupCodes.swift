import Countersign

/// GET /api/auth/2fa/backup-codes
struct CountBackupCodes {
  let factors: SecondFactors
  let gate: SessionGate

  private struct Answer: Encodable {
    let remaining: Int
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.fullyAuthenticated(request)
    return try .json(Answer(remaining: try factors.backupCodesLeft(session.account)))
  }
}

/// POST /api/auth/2fa/backup-codes: a new set, and the old one is dead.
struct ReplaceBackupCodes {
  let factors: SecondFactors
  let gate: SessionGate

  private struct Body: RequestBody {
    /// Of the purpose `backup_codes`.
    let authorization: Secret?

    enum CodingKeys: String, CodingKey, CaseIterable { case authorization }
  }

  private struct Answer: Encodable {
    let success = true
    let backupCodes: [String]
    let remaining: Int
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.fullyAuthenticated(request)
    let authorization =
      request.body.isEmpty ? nil : (try request.decode() as Body).authorization
    let codes = try factors.replaceBackupCodes(session.account, authorization, at: request.time)
    return try .json(Answer(backupCodes: codes, remaining: codes.count))
  }
}
