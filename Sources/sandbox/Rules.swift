import Countersign
import FoundationEssentials
import Synchronization

/// How the next sends go wrong.
struct Rule: Codable, Sendable {
  let action: Action
  /// Only messages to this number, E.164, or address; else all.
  var to: String?
  /// Only messages through this provider: `twilio` (`twilio-verify` for that alone), `vonage`
  /// (`vonage-verify`), or `sendgrid`; else all.
  var provider: String?
  /// `check` for checks of codes; sends unless given.
  var on: Operation?
  /// How many sends it applies to; else all, until the rules are cleared.
  var times: Int?
  /// `fail`: the HTTP status, 503 unless given.
  var status: Int?
  /// `fail`: the provider's own error number.
  var code: Int?
  /// `rate_limit`: the Retry-After header. `slow`, `timeout`: how long.
  var seconds: Int?
  /// `fail`, `timeout`: whether the message is taken all the same, as when an answer is lost.
  var accepted: Bool?
  /// `report`: what the message comes to, and why: a status of Twilio's, or for mail `bounce`, `blocked`,
  /// `dropped`, `spamreport`, or `unsubscribe`.
  var deliveryStatus: String?
  var errorCode: Int?

  enum Operation: String, Codable, Sendable { case send, check }

  enum Action: String, Codable, Sendable {
    /// Answers with an error.
    case fail
    /// Answers late.
    case slow
    /// Answers later than anybody waits: 30 seconds unless given.
    case timeout
    /// Answers 429.
    case rateLimit = "rate_limit"
    /// Takes the message, and reports this delivery status.
    case report
    /// Takes the message, and never reports anything.
    case silent
  }
}

/// The rules in force, in the order given; the first that applies to a send is used.
final class Rules: Sendable {
  private let rules = Mutex<[Rule]>([])

  func add(_ rule: Rule) {
    rules.withLock { $0.append(rule) }
  }

  func clear() {
    rules.withLock { $0 = [] }
  }

  var all: [Rule] { rules.withLock { $0 } }

  /// The rule that a question goes by which sends nothing: one that would break any send. It is not counted.
  func look(of provider: String) -> Rule? {
    rules.withLock { rules in
      rules.first {
        $0.to == nil && $0.provider.map(provider.hasPrefix) != false && $0.on != .check
          && ($0.action != .fail || ($0.status ?? 503) >= 500 && $0.code == nil)
          && ![.report, .silent].contains($0.action)
      }
    }
  }

  /// The rule for a send, or a check, counted down.
  func take(to recipient: String?, of provider: String, on operation: Rule.Operation = .send)
    -> Rule?
  {
    rules.withLock { rules in
      guard
        let index = rules.firstIndex(where: {
          ($0.to == nil || $0.to == recipient) && $0.provider.map(provider.hasPrefix) != false
            && ($0.on ?? .send) == operation
        })
      else {
        return nil
      }
      let rule = rules[index]
      if let times = rule.times {
        if times <= 1 { rules.remove(at: index) } else { rules[index].times = times - 1 }
      }
      return rule
    }
  }
}

/// /api/rules
struct RulesAPI {
  private let rules: Rules

  init(_ rules: Rules) {
    self.rules = rules
  }

  private struct Body: RequestBody {
    let action: Rule.Action
    let to: String?
    let provider: String?
    let on: Rule.Operation?
    let times: Int?
    let status: Int?
    let code: Int?
    let seconds: Int?
    let accepted: Bool?
    let deliveryStatus: String?
    let errorCode: Int?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case action, to, provider, on, times, status, code, seconds, accepted, deliveryStatus,
        errorCode
    }
  }

  private struct Answer: Encodable {
    let rules: [Rule]
  }

  func list(_ request: Request) throws -> Response {
    try .json(Answer(rules: rules.all))
  }

  func add(_ request: Request) throws -> Response {
    let body: Body = try request.decode()
    if let status = body.status, !(400...599).contains(status) {
      throw Rejection(.invalidField, field: "status")
    }
    if let seconds = body.seconds, !(0...120).contains(seconds) {
      throw Rejection(.invalidField, field: "seconds")
    }
    if let provider = body.provider,
      !["twilio", "twilio-verify", "vonage", "vonage-verify", "sendgrid"].contains(provider)
    {
      throw Rejection(.invalidField, field: "provider")
    }
    if let status = body.deliveryStatus, TwilioStatus(status) == nil,
      !SendGridAPI.events.contains(status)
    {
      throw Rejection(.invalidField, field: "deliveryStatus")
    }
    rules.add(
      Rule(
        action: body.action, to: body.to, provider: body.provider, on: body.on, times: body.times,
        status: body.status, code: body.code,
        seconds: body.seconds, accepted: body.accepted, deliveryStatus: body.deliveryStatus,
        errorCode: body.errorCode))
    return try .json(Answer(rules: rules.all), .created)
  }

  func clear(_ request: Request) -> Response {
    rules.clear()
    return .noContent
  }
}
