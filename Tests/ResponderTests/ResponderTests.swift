import FoundationEssentials
import Logging
import TestSupport
import Testing

@testable import Countersign
@testable import accounts
@testable import verify_phone
@testable import webhooks

/// The responders in this process, on a database of their own: a request in, a response out.
final class Responders {
  let configuration: Configuration
  let connection: Connection
  private let ofAccounts: RouteTable
  private let ofVerifyPhone: RouteTable

  init(changing change: (inout Configuration.Limits) -> Void = { _ in }) throws {
    configuration = try testConfiguration(try TestDatabase.makeWithSchema(), changing: change)
    connection = Connection(configuration.database)
    let context = Server.Context(
      configuration: configuration, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      metrics: RequestMetrics(program: "test", shards: 1))
    ofAccounts = RouteTable(accounts.Routes(connection, context).table)
    ofVerifyPhone = RouteTable(verify_phone.Routes(connection, context).table)
  }

  struct Answer {
    let status: Int
    let fields: [String: String]
    let headers: [(name: String, value: String)]
  }

  func ask(
    _ method: String, _ path: String, _ body: String = "", token: String? = nil,
    at time: Date = .now,
    headers: [Request.Headers.Name: String] = [:]
  ) -> Answer {
    var headers = headers
    if !body.isEmpty { headers[.contentType] = "application/json" }
    if let token { headers[.authorization] = "Bearer \(token)" }
    let request = Request(
      method: method, path: path, headers: Request.Headers(headers), body: Array(body.utf8),
      id: "test-request",
      time: time)
    let (response, route) = ofAccounts.respond(to: request)
    let answer =
      route == nil && response.status == .notFound
      ? ofVerifyPhone.respond(to: request).response : response
    let object = (try? JSONDecoder().decode([String: Field].self, from: Data(answer.body))) ?? [:]
    return Answer(
      status: answer.status.code, fields: object.mapValues(\.text), headers: answer.headers)
  }

  /// Any simple JSON value as text.
  private struct Field: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(String.self) {
        text = value
      } else if let value = try? container.decode(Bool.self) {
        text = String(value)
      } else if let value = try? container.decode(Int.self) {
        text = String(value)
      } else {
        text = "null"
      }
    }
  }

  func register(_ email: String, at time: Date = .now) -> String {
    ask(
      "POST", "/api/auth/register", #"{"email":"\#(email)","password":"plover-quartz-91x"}"#,
      at: time
    ).fields["token"] ?? ""
  }

  /// The code that was queued since the last look, opened as the courier would.
  func lastCode() throws -> String {
    let rows = try connection.all("SELECT id, payload_sealed FROM message WHERE kind = 'code'")
    try #require(rows.count == 1)
    try connection.execute("DELETE FROM message")
    let text = try MessageVault(keys: configuration.keys).openText(
      try rows[0].bytes("payload_sealed"), try rows[0].id("id"))
    return String(text.body.suffix(6))
  }
}

@Suite struct `Time passes` {
  private let start = Date(timeIntervalSince1970: 1_800_000_000)

  @Test("a code is good until the moment it expires, and not at it")
  func codeExpiry() throws {
    let responders = try Responders()
    let token = responders.register("a@example.com", at: start)
    for (age, status) in [(599.999, 200), (600.0, 400)] {
      let sent = responders.ask(
        "POST", "/api/auth/sms/send-phone-verification", #"{"phoneNumber":"+14155552671"}"#,
        token: token, at: start)
      #expect(sent.status == 200)
      let checked = responders.ask(
        "POST", "/api/auth/sms/verify-phone", #"{"code":"\#(try responders.lastCode())"}"#,
        token: token,
        at: start + age)
      #expect(checked.status == status)
    }
  }

  @Test("a session ends when it is not used, and at its end however much it is used")
  func sessions() throws {
    let responders = try Responders {
      $0.sessionIdleMinutes = 10
      $0.sessionMaximumHours = 1
    }
    let token = responders.register("a@example.com", at: start)
    func status(_ minutes: Double) -> Int {
      responders.ask("GET", "/api/auth/session", token: token, at: start + minutes * 60).status
    }
    for minutes in stride(from: 8.0, to: 60, by: 8) { #expect(status(minutes) == 200) }
    #expect(status(60) == 401)

    let idle = responders.register("b@example.com", at: start)
    #expect(
      responders.ask("GET", "/api/auth/session", token: idle, at: start + 9.9 * 60).status == 200)
    #expect(
      responders.ask("GET", "/api/auth/session", token: idle, at: start + 20 * 60).status == 401)
  }

  @Test("an hour later five more codes may be sent, and ten on a day")
  func sends() throws {
    let responders = try Responders()
    let token = responders.register("a@example.com", at: start)
    func sent(_ hours: Double) -> Int {
      (0..<7).count { _ in
        responders.ask(
          "POST", "/api/auth/sms/send-phone-verification", #"{"phoneNumber":"+14155552671"}"#,
          token: token,
          at: start + hours * 3_600
        ).status == 200
      }
    }
    #expect(sent(0) == 5)
    #expect(sent(0.9) == 0)
    #expect(sent(1) == 5)
    #expect(sent(2.1) == 0)
    #expect(
      responders.ask("GET", "/api/auth/session", token: token, at: start + 2.2 * 3_600).status
        == 200)
  }

  @Test("a proof of a number is good for half an hour")
  func proof() throws {
    let responders = try Responders()
    func proof() throws -> String {
      _ = responders.ask(
        "POST", "/api/auth/verify-phone", #"{"phoneNumber":"+14155552671","action":"send"}"#,
        at: start)
      let code = try responders.lastCode()
      return responders.ask(
        "POST", "/api/auth/verify-phone",
        #"{"phoneNumber":"+14155552671","action":"verify","code":"\#(code)"}"#, at: start
      ).fields["phoneVerificationToken"] ?? ""
    }
    func register(_ email: String, _ proof: String, _ minutes: Double) -> Responders.Answer {
      responders.ask(
        "POST", "/api/auth/register",
        #"{"email":"\#(email)","password":"plover-quartz-91x","phoneVerificationToken":"\#(proof)"}"#,
        at: start + minutes * 60)
    }
    #expect(register("late@example.com", try proof(), 30).fields["code"] == "phone_token_invalid")
    #expect(register("early@example.com", try proof(), 29.9).fields["phoneVerified"] == "true")
  }
}

@Suite struct `Verifying a phone` {
  @Test("a code of one purpose is wrong for every other")
  func purposes() throws {
    let responders = try Responders()
    let token = responders.register("a@example.com")
    _ = responders.ask(
      "POST", "/api/auth/verify-phone", #"{"phoneNumber":"+14155552671","action":"send"}"#)
    let signUp = try responders.lastCode()
    _ = responders.ask(
      "POST", "/api/auth/sms/send-phone-verification", #"{"phoneNumber":"+14155552671"}"#,
      token: token)
    let own = try responders.lastCode()

    if signUp != own {
      #expect(
        responders.ask(
          "POST", "/api/auth/sms/verify-phone", #"{"code":"\#(signUp)"}"#, token: token
        ).status == 400)
      #expect(
        responders.ask(
          "POST", "/api/auth/verify-phone",
          #"{"phoneNumber":"+14155552671","action":"verify","code":"\#(own)"}"#
        )
        .status == 400)
    }
    #expect(
      responders.ask("POST", "/api/auth/sms/verify-phone", #"{"code":"\#(own)"}"#, token: token)
        .status == 200)
  }

  @Test("a code that was charged and refused stays charged when the answer is lost")
  func chargesFirst() throws {
    let responders = try Responders()
    let token = responders.register("a@example.com")
    _ = responders.ask(
      "POST", "/api/auth/sms/send-phone-verification", #"{"phoneNumber":"+14155552671"}"#,
      token: token)
    let code = try responders.lastCode()
    // The row that a right code would change is gone, so the check fails after it has compared.
    try responders.connection.executeScript("RENAME TABLE account TO account_away")
    #expect(
      responders.ask("POST", "/api/auth/sms/verify-phone", #"{"code":"\#(code)"}"#, token: token)
        .status == 500)
    try responders.connection.executeScript("RENAME TABLE account_away TO account")
    for _ in 0..<3 {
      _ = responders.ask("POST", "/api/auth/sms/verify-phone", #"{"code":"000000"}"#, token: token)
    }
    #expect(try responders.connection.first("SELECT tries FROM verification")?.int("tries") == 3)
  }

  @Test("two rows cannot exchange what is sealed in them")
  func swapping() throws {
    let responders = try Responders()
    let first = responders.register("a@example.com")
    let second = responders.register("b@example.com")
    for (token, number) in [(first, "+14155552671"), (second, "+14155552672")] {
      _ = responders.ask(
        "POST", "/api/auth/sms/send-phone-verification", #"{"phoneNumber":"\#(number)"}"#,
        token: token)
      let code = try responders.lastCode()
      #expect(
        responders.ask("POST", "/api/auth/sms/verify-phone", #"{"code":"\#(code)"}"#, token: token)
          .status == 200)
    }
    let rows = try responders.connection.all("SELECT id, phone_sealed FROM account ORDER BY id")
    try responders.connection.execute(
      "UPDATE account SET phone_sealed = \(try rows[0].bytes("phone_sealed")) WHERE id = \(try rows[1].bytes("id"))"
    )
    #expect(responders.ask("GET", "/api/auth/session", token: first).status == 200)
    #expect(responders.ask("GET", "/api/auth/session", token: second).status == 500)
  }

  @Test("the longest product name leaves a code's text in one segment")
  func oneSegment() throws {
    var configuration = try testConfiguration(try TestDatabase.make())
    configuration.productName = String(repeating: "W", count: 24)
    for purpose in [Wording.CodePurpose.verifyPhone, .confirm, .signIn] {
      let text = Wording(configuration).code("123456", purpose, minutes: 10).body
      #expect(text.utf8.count <= 160)
      #expect(text.hasSuffix("\n\n@auth.example.com #123456"))
    }
  }
}
