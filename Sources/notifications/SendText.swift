import Countersign

/// POST /api/sms/send: a text of the host's own.
struct SendText {
  let texts: HostTexts
  let destinations: Destinations
  let defaultRegion: String
  let host: HostGate

  private struct Body: RequestBody {
    let phoneNumber: String?
    let message: String
    let skipRateLimit: Bool?

    enum CodingKeys: String, CodingKey, CaseIterable { case phoneNumber, message, skipRateLimit }
  }

  private struct Answer: Encodable {
    let success = true
    let messageId: OutgoingMessage.ID
  }

  func respond(to request: Request) throws -> Response {
    let key = try host.keys.required(request, .sms)
    return try host.answers.once(request, key) {
      let body: Body = try request.decode()
      let isUnlimited = body.skipRateLimit ?? false
      guard !isUnlimited || key.scopes.contains(.smsUnlimited) else {
        throw Rejection(.insufficientScope)
      }
      guard let text = body.phoneNumber, !text.isEmpty else {
        throw Rejection(.phoneMissing, field: "phoneNumber")
      }
      let number = try destinations.number(text, region: defaultRegion)
      let id = try texts.send(
        body.message, to: number, isLimited: !isUnlimited, at: request.time)
      return try .json(Answer(messageId: id), .accepted)
    }
  }
}
