import Countersign
import FoundationEssentials

/// POST /api/inbound: somebody writes to one of our senders, as a provider would tell us.
struct InboundAPI {
  private let sandbox: Sandbox
  private let configuration: Configuration

  init(_ sandbox: Sandbox, _ configuration: Configuration) {
    self.sandbox = sandbox
    self.configuration = configuration
  }

  private struct Body: RequestBody {
    let from: String
    let body: String
    let provider: String?

    enum CodingKeys: String, CodingKey, CaseIterable { case from, body, provider }
  }

  private struct Answer: Encodable {
    let status: Int
    let answer: String
  }

  func write(_ request: Request) throws -> Response {
    let body: Body = try request.decode()
    let provider = body.provider ?? "twilio"
    guard provider == "twilio" || provider == "vonage" && configuration.vonage != nil else {
      throw Rejection(.invalidField, field: "provider")
    }
    let sender =
      provider == "twilio" ? configuration.twilio.senderName : configuration.vonage?.from ?? ""
    switch Consent.Word(text: body.body) {
    case .stop: sandbox.inbox.set(body.from, sender, isStopped: true)
    case .start: sandbox.inbox.set(body.from, sender, isStopped: false)
    case .help, nil: break
    }
    let callback =
      provider == "twilio"
      ? sandbox.callbacks.twilioInbound(from: body.from, to: sender, body.body)
      : sandbox.callbacks.vonageInbound(from: body.from, to: sender, body.body)
    do {
      let response = try Transfer.perform(callback)
      return try .json(
        Answer(status: response.status, answer: String(decoding: response.body, as: UTF8.self)))
    } catch {
      throw Rejection(.unavailable)
    }
  }
}
