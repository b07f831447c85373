import Countersign

/// POST /api/admin/users/{id}/…: what is done to an account, and why.
struct ActOnUser {
  let answer: String
  let act: (Account.ID, Reason, Administrator) throws -> Void

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    let id: Account.ID = try request.pathID()
    let body: ReasonBody = try request.decode()
    try act(id, try Reason(body.reason), admin)
    return try .json(Done(message: answer))
  }
}

/// POST /api/admin/users/{id}/disable-2fa: takes an account's second factors off, or asks for another administrator's approval.
struct DisableTwoFactor {
  let approvals: Approvals

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    let id: Account.ID = try request.pathID()
    let body: ReasonBody = try request.decode()
    let outcome = try approvals.perform(
      .removeFactors(account: id.description), try Reason(body.reason), by: admin)
    return try .outcome(outcome, "Two-step login is off.")
  }
}
