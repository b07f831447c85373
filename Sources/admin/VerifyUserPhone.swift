import Countersign

/// POST /api/admin/sms/verify-user-phone: calls somebody's number verified without a text message.
struct VerifyUserPhone {
  let support: UserSupport

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    let body: SendPasswordReset.Body = try request.decode()
    let isNew = try support.verifyPhone(
      body.user(), try Reason(optional: body.reason), by: admin)
    return try .json(
      Done(message: isNew ? "The phone number is verified." : "It was verified already."))
  }
}
