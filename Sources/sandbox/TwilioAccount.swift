import Countersign
import FoundationEssentials

/// What all of Twilio's APIs have in common towards a client: sign-in, the form of an error, and the headers
/// of every answer.
struct TwilioAccount {
  private let settings: TwilioSettings

  init(_ settings: TwilioSettings) {
    self.settings = settings
  }

  struct Problem: Error, Encodable {
    let code: Int
    let message: String
    let status: Int
    var retryAfter: Int?

    init(_ code: Int, _ message: String, status: Int = 400, retryAfter: Int? = nil) {
      self.code = code
      self.message = message
      self.status = status
      self.retryAfter = retryAfter
    }

    enum CodingKeys: String, CodingKey { case code, message, status, moreInfo = "more_info" }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(code, forKey: .code)
      try container.encode(message, forKey: .message)
      try container.encode("https://www.twilio.com/docs/errors/\(code)", forKey: .moreInfo)
      try container.encode(status, forKey: .status)
    }
  }

  func answer(_ request: Request, _ body: () throws -> Response) throws -> Response {
    var response: Response
    do {
      response = try body()
    } catch let problem as Problem {
      response = try .json(problem, Response.Status(code: problem.status, phrase: "Error"))
      if problem.status == 401 {
        response = response.adding("WWW-Authenticate", "Basic realm=\"Twilio API\"")
      }
      if let seconds = problem.retryAfter {
        response = response.adding("Retry-After", String(seconds))
      }
    }
    return response.adding("Twilio-Request-Id", "RQ\(request.id.prefix(32))")
      .adding("Twilio-Concurrent-Requests", "1")
  }

  /// Basic authentication with the account's token or an API key.
  func authenticate(_ request: Request) throws {
    let problem = Problem(20003, "Authenticate", status: 401)
    guard let header = request.headers[.authorization], header.hasPrefix("Basic "),
      let decoded = Data(base64Encoded: String(header.dropFirst(6)))
    else { throw problem }
    let pairs =
      [(settings.accountSID, settings.authToken)]
      + (settings.apiKey.map { [($0.sid, $0.secret)] } ?? [])
    guard
      pairs.contains(where: {
        ConstantTime.equal(Array("\($0):\($1.reveal())".utf8), Array(decoded))
      })
    else { throw problem }
  }

  static func form(_ request: Request) -> FormFields? {
    request.headers[.contentType]?.hasPrefix("application/x-www-form-urlencoded") == true
      ? FormFields(parsing: request.body) : nil
  }

  /// True for `+` and 7 to 15 digits that do not begin with nought. A `+` that was not escaped has become a space.
  static func isE164(_ text: String) -> Bool {
    let digits = text.utf8.dropFirst()
    return text.utf8.first == UInt8(ascii: "+") && (7...15).contains(digits.count)
      && digits.first != UInt8(ascii: "0")
      && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }
}

extension Rule {
  /// Goes wrong as the rule says; nothing for one that lets a message be taken.
  ///
  /// - Parameter take: what happens all the same where only the answer is lost.
  func apply(_ take: () throws -> Void = {}) throws {
    switch action {
    case .fail:
      if accepted == true { try take() }
      let status = status ?? 503
      throw TwilioAccount.Problem(
        code ?? [401: 20003, 403: 20003, 404: 20404, 429: 20429, 503: 20503][status] ?? 20500,
        code == 60200 ? "Invalid parameter: To" : "Service unavailable", status: status,
        retryAfter: status == 429 ? seconds : nil)
    case .rateLimit:
      throw TwilioAccount.Problem(
        code ?? 20429, "Too Many Requests", status: 429, retryAfter: seconds ?? 1)
    case .timeout:
      if accepted == true { try take() }
      try SpareWorkers.sleep(seconds: seconds ?? 30)
      throw TwilioAccount.Problem(20500, "Internal Server Error", status: 500)
    case .slow: try SpareWorkers.sleep(seconds: seconds ?? 2)
    case .report, .silent: break
    }
  }
}
