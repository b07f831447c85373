import FoundationEssentials
import Logging
import TestSupport
import Testing

@testable import Countersign
@testable import accounts
@testable import two_factor
@testable import verify_phone
@testable import webhooks

/// The responders in this process, on a database of their own: a request in, a response out.
final class Responders {
  let configuration: Configuration
  let connection: Connection
  private let ofAccounts: RouteTable
  private let ofVerifyPhone: RouteTable
  private let ofTwoFactor: RouteTable

  init(changing change: (inout Configuration.Limits) -> Void = { _ in }) throws {
    configuration = try testConfiguration(try TestDatabase.makeWithSchema(), changing: change)
    connection = Connection(configuration.database)
    let context = Server.Context(
      configuration: configuration, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      metrics: RequestMetrics(program: "test", shards: 1))
    ofAccounts = RouteTable(accounts.Routes(connection, context).table)
    ofVerifyPhone = RouteTable(verify_phone.Routes(connection, context).table)
    ofTwoFactor = RouteTable(two_factor.Routes(connection, context).table)
  }

  struct Answer {
    let status: Int
    let fields: [String: String]
    let headers: [(name: String, value: String)]

    /// The value of a cookie that the answer sets.
    func cookie(_ name: String) -> String? {
      for header in headers where header.name == "Set-Cookie" {
        guard header.value.hasPrefix("\(name)=") else { continue }
        return String(header.value.dropFirst(name.count + 1).prefix { $0 != ";" })
      }
      return nil
    }
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
    var answer = Response.noContent
    for table in [ofAccounts, ofVerifyPhone, ofTwoFactor] {
      let (response, route) = table.respond(to: request)
      answer = response
      if route != nil || response.status != .notFound { break }
    }
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
    try connection.execute("DELETE FROM message WHERE kind = 'code'")
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

@Suite struct `Second factors as time passes` {
  private let start = Date(timeIntervalSince1970: 1_800_000_000)

  /// An account with an app bound at a time: its secret, and the session's token.
  private func bindApp(_ responders: Responders, at time: Date) throws -> (
    secret: [UInt8], token: String
  ) {
    let token = responders.register("a@example.com", at: time)
    let created = responders.ask("POST", "/api/code/create", token: token, at: time)
    let text = try #require(created.fields["secret"])
    let secret = try #require(Base32.decode(text.utf8))
    let confirmed = responders.ask(
      "POST", "/api/code/verify", #"{"code":"\#(code(secret, time))"}"#, token: token, at: time)
    return (secret, try #require(confirmed.fields["token"]))
  }

  private func code(_ secret: [UInt8], _ time: Date, steps: Int = 0) -> String {
    String(decoding: TOTP.code(secret, step: TOTP.step(at: time) + steps), as: UTF8.self)
  }

  private func logIn(_ responders: Responders, at time: Date, device: String? = nil)
    -> Responders.Answer
  {
    responders.ask(
      "POST", "/api/auth/login", #"{"email":"a@example.com","password":"plover-quartz-91x"}"#,
      at: time, headers: device.map { [.cookie: "__Host-device=\($0)"] } ?? [:])
  }

  @Test("an app's code is good one step early and one step late, once, and never two")
  func appWindow() throws {
    let responders = try Responders()
    let (secret, token) = try bindApp(responders, at: start)

    for (steps, status) in [
      (-2, 401), (2, 401), (-1, 200), (-1, 401), (0, 200), (1, 200), (0, 401),
    ] {
      let now = start + 3_600
      let answer = responders.ask(
        "POST", "/api/code/challenge", #"{"code":"\#(code(secret, now, steps: steps))"}"#,
        token: token, at: now)
      #expect(answer.status == status, "\(steps)")
    }
  }

  @Test("the code that bound the app opens nothing")
  func enrolmentCode() throws {
    let responders = try Responders()
    let (secret, token) = try bindApp(responders, at: start)
    let used = code(secret, start)

    let pending = try #require(logIn(responders, at: start).fields["challengeId"])
    let login = responders.ask(
      "POST", "/api/auth/2fa/verify",
      #"{"email":"a@example.com","code":"\#(used)","challengeId":"\#(pending)"}"#, at: start)
    let stepUp = responders.ask(
      "POST", "/api/code/challenge", #"{"code":"\#(used)"}"#, token: token, at: start)
    #expect(login.status == 401 && stepUp.status == 401)
  }

  @Test("a secret that no code confirmed within ten minutes is forgotten")
  func pendingBinding() throws {
    let responders = try Responders()
    let token = responders.register("a@example.com", at: start)
    for (age, status) in [(600.0, 409), (599.0, 200)] {
      let created = responders.ask("POST", "/api/code/create", token: token, at: start)
      let secret = try #require(Base32.decode(created.fields["secret"]?.utf8 ?? "".utf8))
      let confirmed = responders.ask(
        "POST", "/api/code/verify", #"{"code":"\#(code(secret, start + age))"}"#, token: token,
        at: start + age)
      #expect(confirmed.status == status)
    }
  }

  @Test("a pending login is over after ten minutes, and an authorization after five")
  func lifetimes() throws {
    let responders = try Responders()
    let (secret, token) = try bindApp(responders, at: start)
    let late = start + 3_600
    for (age, status) in [(600.0, 401), (599.0, 200)] {
      let pending = try #require(logIn(responders, at: late).fields["challengeId"])
      let answer = responders.ask(
        "POST", "/api/auth/2fa/verify",
        #"{"email":"a@example.com","code":"\#(code(secret, late + age))","challengeId":"\#(pending)"}"#,
        at: late + age)
      #expect(answer.status == status)
    }
    let challenge = try #require(
      responders.ask(
        "POST", "/api/auth/2fa/challenges", #"{"purpose":"backup_codes"}"#, token: token, at: late
      ).fields["challengeId"])
    let expired = responders.ask(
      "POST", "/api/auth/2fa/challenges/\(challenge)/verify",
      #"{"code":"\#(code(secret, late + 600))"}"#, at: late + 600)
    #expect(expired.status == 410 && expired.fields["code"] == "challenge_expired")

    for (age, status) in [(299.0, 200), (300.0, 403)] {
      let begun = late + 7_200 + age * 10
      let challenge = try #require(
        responders.ask(
          "POST", "/api/auth/2fa/challenges", #"{"purpose":"backup_codes"}"#, token: token,
          at: begun
        ).fields["challengeId"])
      let authorization = try #require(
        responders.ask(
          "POST", "/api/auth/2fa/challenges/\(challenge)/verify",
          #"{"code":"\#(code(secret, begun))"}"#, at: begun
        ).fields["authorization"])
      let used = responders.ask(
        "POST", "/api/auth/2fa/backup-codes", #"{"authorization":"\#(authorization)"}"#,
        token: token, at: begun + age)
      #expect(used.status == status)
    }
  }

  @Test("a remembered device skips the second step for thirty days, and its use makes it no longer")
  func deviceLifetime() throws {
    let responders = try Responders()
    let (secret, _) = try bindApp(responders, at: start)
    let later = start + 60
    let pending = try #require(logIn(responders, at: later).fields["challengeId"])
    let remembered = responders.ask(
      "POST", "/api/auth/2fa/verify",
      #"{"email":"a@example.com","code":"\#(code(secret, later))","challengeId":"\#(pending)","rememberDevice":true}"#,
      at: later)
    var device = try #require(remembered.cookie("__Host-device"))
    let day: TimeInterval = 24 * 3_600

    for days in [0, 15, 29.99] {
      let login = logIn(responders, at: later + days * day, device: device)
      #expect(login.fields["requires2FA"] == "false")
      device = try #require(login.cookie("__Host-device"))
    }
    let login = logIn(responders, at: later + 30 * day, device: device)
    #expect(login.fields["requires2FA"] == "true")
  }

  /// An authorization to do one thing, for a code of the app.
  private func authorization(
    _ responders: Responders, _ purpose: String, _ secret: [UInt8], _ token: String, at time: Date
  ) throws -> String {
    let challenge = try #require(
      responders.ask(
        "POST", "/api/auth/2fa/challenges", #"{"purpose":"\#(purpose)"}"#, token: token, at: time
      ).fields["challengeId"])
    return try #require(
      responders.ask(
        "POST", "/api/auth/2fa/challenges/\(challenge)/verify",
        #"{"code":"\#(code(secret, time))"}"#, at: time
      ).fields["authorization"])
  }

  @Test("transfers wait for a day after a factor was replaced, and not after the first")
  func coolingOff() throws {
    let responders = try Responders()
    let (secret, token) = try bindApp(responders, at: start)
    func transfer(_ token: String, at time: Date) -> Responders.Answer {
      responders.ask(
        "POST", "/api/auth/2fa/challenges",
        #"{"purpose":"transfer","details":{"amount":1,"payee":"Bob"}}"#, token: token, at: time)
    }
    #expect(transfer(token, at: start + 60).status == 201)

    let changed = start + 90
    let proof = try authorization(responders, "factor_change", secret, token, at: changed)
    let created = responders.ask(
      "POST", "/api/code/create", #"{"authorization":"\#(proof)"}"#, token: token, at: changed)
    let next = try #require(Base32.decode(created.fields["secret"]?.utf8 ?? "".utf8))
    let rebound = responders.ask(
      "POST", "/api/code/verify", #"{"code":"\#(code(next, changed))"}"#, token: token,
      at: changed)
    let newToken = try #require(rebound.fields["token"])

    let refused = transfer(newToken, at: changed + 12 * 3_600 - 60)
    #expect(refused.status == 403 && refused.fields["code"] == "cooling_off")
    #expect(refused.fields["until"] == (changed + 24 * 3_600).rfc3339)
    let later = changed + 24 * 3_600
    let pending = try #require(logIn(responders, at: later).fields["challengeId"])
    let again = responders.ask(
      "POST", "/api/code/challenge",
      #"{"code":"\#(code(next, later))","challengeId":"\#(pending)"}"#, at: later)
    #expect(transfer(try #require(again.fields["token"]), at: later).status == 201)
  }

  @Test("a second kind is added within a quarter of an hour of a proof, and later with a fresh one")
  func freshness() throws {
    let responders = try Responders {
      $0.sendsPerNumberPerHour = 100
      $0.sendsPerNumberPerDay = 100
    }
    let (secret, token) = try bindApp(responders, at: start)
    let proof = try authorization(responders, "phone_change", secret, token, at: start + 60)
    _ = responders.ask(
      "PUT", "/api/account/phone",
      #"{"phoneNumber":"+14155552671","authorization":"\#(proof)"}"#, token: token,
      at: start + 60)
    let verified = responders.ask(
      "POST", "/api/auth/sms/verify-phone", #"{"code":"\#(try responders.lastCode())"}"#,
      token: token, at: start + 60)
    #expect(verified.status == 200)

    func enable(_ body: String, at time: Date) -> Responders.Answer {
      responders.ask("POST", "/api/auth/2fa/enable", body, token: token, at: time)
    }
    #expect(enable(#"{"method":"sms"}"#, at: start + 899).status == 200)
    let late = start + 900
    let refused = enable(#"{"method":"sms"}"#, at: late)
    #expect(refused.status == 403 && refused.fields["purpose"] == "factor_change")
    let fresh = try authorization(responders, "factor_change", secret, token, at: late)
    #expect(
      enable(#"{"method":"sms","authorization":"\#(fresh)"}"#, at: late).status == 200)
  }

  @Test(
    "a first factor is bound within a quarter of an hour of signing in, and later with the password"
  )
  func firstFactor() throws {
    let responders = try Responders()
    let token = responders.register("a@example.com", at: start)
    #expect(
      responders.ask("POST", "/api/code/create", token: token, at: start + 899).status == 200)
    let late = start + 900
    let refused = responders.ask("POST", "/api/code/create", token: token, at: late)
    #expect(refused.status == 403 && refused.fields["code"] == "password_required")
    let created = responders.ask(
      "POST", "/api/code/create", #"{"password":"plover-quartz-91x"}"#, token: token, at: late)
    #expect(created.status == 200)
  }
}
