import Countersign

/// POST /api/admin/sms/send-password-reset: ends somebody's password, and texts them what sets another one.
struct SendPasswordReset {
  let support: UserSupport

  struct Body: RequestBody {
    let userId: String
    let reason: String?
    enum CodingKeys: String, CodingKey, CaseIterable { case userId, reason }

    func user() throws(Rejection) -> Account.ID {
      guard let id = Account.ID(userId) else { throw Rejection(.invalidField, field: "userId") }
      return id
    }
  }

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    let body: Body = try request.decode()
    try support.forceReset(body.user(), try Reason(optional: body.reason), by: admin)
    return try .json(
      Done(message: "The password no longer works, and a code to set another one was sent."))
  }
}
