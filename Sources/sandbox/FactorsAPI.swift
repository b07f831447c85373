import Countersign
import FoundationEssentials
import Synchronization

/// Factors and challenges of Twilio Verify for authenticator apps, as they behave towards a client
/// (<https://www.twilio.com/docs/verify/api/factor>).
struct FactorsAPI {
  private let sandbox: Sandbox
  private let account: TwilioAccount
  private let settings: TwilioVerifySettings?
  private let product: String

  init(_ sandbox: Sandbox, _ configuration: Configuration) {
    self.sandbox = sandbox
    account = TwilioAccount(configuration.twilio)
    settings = configuration.twilioVerify
    product = configuration.productName
  }

  /// What Verify knows of apps.
  final class State: Sendable {
    struct Factor {
      let sid: String
      let identity: String
      let name: String
      let secret: [UInt8]
      var isVerified = false
      var tries = 0
    }
    struct Challenge {
      let sid: String
      let factor: String
      var isApproved = false
      var tries = 0
    }
    struct All {
      var factors: [String: Factor] = [:]
      var challenges: [String: Challenge] = [:]
    }
    let all = Mutex(All())
  }

  private static let maximumTries = 5
  private static let maximumFactors = 100

  private typealias Problem = TwilioAccount.Problem

  private func enter(_ request: Request) throws -> (identity: String, form: FormFields) {
    try account.authenticate(request)
    guard request.parameters["service"] == settings?.service,
      let identity = request.parameters["identity"]
    else { throw notFound(request) }
    guard (8...64).contains(identity.utf8.count),
      identity.allSatisfy({ $0 == "-" || $0.isASCII && ($0.isLetter || $0.isNumber) })
    else { throw Problem(60306, "Invalid parameter: Identity") }
    return (identity, TwilioAccount.form(request) ?? FormFields([]))
  }

  private func notFound(_ request: Request) -> Problem {
    Problem(20404, "The requested resource \(request.path) was not found", status: 404)
  }

  /// True for the code of now, of the step before, or of the one after.
  private func isRight(_ code: String?, _ secret: [UInt8]) -> Bool {
    let step = TOTP.step(at: sandbox.clock.now)
    return [-1, 0, 1].contains { TOTP.code(secret, step: step + $0) == Array((code ?? "").utf8) }
  }

  private struct Answer: Encodable {
    struct Binding: Encodable {
      let secret: String
      let uri: String
    }
    let sid: String
    let identity: String
    let friendly_name: String
    let factor_type = "totp"
    let status: String
    var binding: Binding?

    init(_ factor: State.Factor) {
      sid = factor.sid
      identity = factor.identity
      friendly_name = factor.name
      status = factor.isVerified ? "verified" : "unverified"
    }
  }

  /// POST /v2/Services/{service}/Entities/{identity}/Factors
  func create(_ request: Request) throws -> Response {
    try account.answer(request) {
      let (identity, form) = try enter(request)
      guard form["FactorType"] == "totp", let name = form["FriendlyName"], !name.isEmpty else {
        throw Problem(60300, "Invalid parameter: FriendlyName")
      }
      try sandbox.rules.take(to: nil, of: "twilio-verify", on: .check)?.apply()
      let factor = State.Factor(
        sid: "YF\(Hexadecimal.encode(Random.bytes(16)))", identity: identity, name: name,
        secret: Random.bytes(20))
      let isKept = sandbox.factors.all.withLock { all in
        guard all.factors.values.count(where: { $0.identity == identity }) < Self.maximumFactors
        else { return false }
        all.factors[factor.sid] = factor
        return true
      }
      guard isKept else { throw Problem(60315, "Max factors per entity reached") }
      let secret = Base32.encode(factor.secret)
      var answer = Answer(factor)
      answer.binding = Answer.Binding(
        secret: secret,
        uri:
          "otpauth://totp/\(product):\(name)?secret=\(secret)&issuer=\(product)&algorithm=SHA1&digits=6&period=30"
      )
      return try .json(answer, .created)
    }
  }

  /// POST, GET, and DELETE /v2/Services/{service}/Entities/{identity}/Factors/{sid}
  func factor(_ request: Request) throws -> Response {
    try account.answer(request) {
      let (identity, form) = try enter(request)
      let sid = request.parameters["sid"] ?? ""
      if request.method == "POST" {
        try sandbox.rules.take(to: nil, of: "twilio-verify", on: .check)?.apply()
      }
      let found: State.Factor? = try sandbox.factors.all.withLock { all throws(Problem) in
        guard var factor = all.factors[sid], factor.identity == identity else { return nil }
        switch request.method {
        case "DELETE": all.factors[sid] = nil
        case "POST":
          factor.tries += 1
          guard factor.tries <= Self.maximumTries else {
            throw Problem(60310, "Factor verification attempts exhausted", status: 429)
          }
          factor.isVerified = factor.isVerified || isRight(form["AuthPayload"], factor.secret)
          all.factors[sid] = factor
        default: break
        }
        return factor
      }
      guard let found else { throw notFound(request) }
      return request.method == "DELETE" ? .noContent : try .json(Answer(found))
    }
  }

  private struct ChallengeAnswer: Encodable {
    let sid: String
    let identity: String
    let factor_sid: String
    let factor_type = "totp"
    let status: String
    let responded_reason = "none"
  }

  /// POST /v2/Services/{service}/Entities/{identity}/Challenges, and …/{sid}
  func challenge(_ request: Request) throws -> Response {
    try account.answer(request) {
      let (identity, form) = try enter(request)
      try sandbox.rules.take(to: nil, of: "twilio-verify", on: .check)?.apply()
      let known = request.parameters["sid"]
      let judged: State.Challenge? = try sandbox.factors.all.withLock { all throws(Problem) in
        let earlier = known.flatMap { all.challenges[$0] }
        guard let sid = earlier?.factor ?? form["FactorSid"], known == nil || earlier != nil,
          let factor = all.factors[sid], factor.identity == identity
        else { return nil }
        guard factor.isVerified else { throw Problem(60318, "Factor is unverified", status: 403) }
        var challenge =
          earlier
          ?? State.Challenge(sid: "YC\(Hexadecimal.encode(Random.bytes(16)))", factor: sid)
        guard !challenge.isApproved else {
          throw Problem(60322, "Challenge already responded", status: 403)
        }
        challenge.tries += 1
        guard challenge.tries <= Self.maximumTries else {
          throw Problem(60308, "Challenge attempts exhausted", status: 429)
        }
        challenge.isApproved = isRight(form["AuthPayload"], factor.secret)
        all.challenges[challenge.sid] = challenge
        return challenge
      }
      guard let judged else { throw notFound(request) }
      return try .json(
        ChallengeAnswer(
          sid: judged.sid, identity: identity, factor_sid: judged.factor,
          status: judged.isApproved ? "approved" : "pending"), known == nil ? .created : .ok)
    }
  }
}
