import Countersign

/// POST /api/sms/send-verification and POST /api/sms/send-2fa, whose codes `/check-otp` checks.
struct SendForHost {
  let verification: PhoneVerification
  let host: HostRequests
  let isSecondFactor: Bool

  private struct Body: RequestBody {
    let phoneNumber: String?
    /// A caller that sends its own code has misunderstood who makes them, and is told so.
    let code: AnyValue?

    enum CodingKeys: String, CodingKey, CaseIterable { case phoneNumber, code }

    struct AnyValue: Decodable {
      init(from decoder: any Decoder) {}
    }
  }

  private struct Answer: Encodable {
    let success = true
    let messageId: OutgoingMessage.ID
  }

  func respond(to request: Request) throws -> Response {
    try host.once(request) {
      let body: Body = try request.decode()
      guard body.code == nil else { throw Rejection(.codeNotAccepted, field: "code") }
      let sent = try verification.sendForHost(
        to: try host.number(body.phoneNumber), channel: .sms, isSecondFactor: isSecondFactor,
        at: request.time)
      return try .json(Answer(messageId: sent.message))
    }
  }
}
