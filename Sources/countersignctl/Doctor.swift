import ArgumentParser
import Countersign
import FoundationEssentials

/// Looks whether everything is as it must be.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Checks the configuration, the database, its schema, the provider, the clock, and nginx.",
    discussion:
      "Prints one line a check, and one for each budget that is half used up and each destination that gets no codes. Ends with 1 when a check failed."
  )

  @OptionGroup var system: SystemOptions

  func run() throws {
    var failed = false
    func check(_ name: String, _ body: () throws -> String) {
      do {
        print("ok      \(name): \(try body())")
      } catch let error as DatabaseError {
        failed = true
        print(
          "FAILED  \(name): \(error.isConnectionLost ? "the database cannot be reached" : error.description)"
        )
      } catch let error as ValidationError {
        failed = true
        print("FAILED  \(name): \(error.message)")
      } catch {
        failed = true
        print("FAILED  \(name): \(error)")
      }
    }
    var configuration: Configuration?
    check("configuration") {
      configuration = try system.configuration()
      return "complete"
    }
    guard let configuration else { throw ExitCode(1) }
    Transfer.initializeLibrary()
    Connection.initializeLibrary()
    let connection = Connection(configuration.database)
    check("database") { try Facts.database(connection) }
    check("clock") { try Facts.clock(connection) }
    check("schema") {
      let pending = try Migrations(connection, directory: Installation().migrations).pending()
      guard pending.isEmpty else {
        throw ValidationError(
          "pending: \(pending.map(\.name).joined(separator: ", ")); run countersignctl migrate")
      }
      return "up to date"
    }
    check("budgets") {
      let overview = try SendOverview(connection, configuration)
      for warning in try overview.warnings(at: .now) { print("NOTE    \(warning)") }
      return try overview.budgets(at: .now)
    }
    check("alerts") {
      let open = try Alerts.open(connection)
      return open.isEmpty
        ? "none open" : "open: \(open.map { "\($0.count) \($0.kind)" }.joined(separator: ", "))"
    }
    check("provider") { try Facts.twilio(configuration.twilio) }
    check("engines") { try Facts.engines(connection, configuration) }
    check("breakers") {
      let standings = try ProviderStanding.all(connection)
      for standing in standings where standing.state == "open" {
        print(
          "NOTE    \(standing.provider) is left alone since \(standing.changedAt.rfc3339) (\(standing.lastFailure ?? "unknown"))"
        )
      }
      let open = standings.count { $0.state == "open" }
      return standings.isEmpty
        ? "nothing was sent yet"
        : "\(standings.count - open) of \(standings.count) providers are used"
    }
    check("mail") { try Facts.mail(configuration) }
    check("nginx") { try Facts.web(configuration.publicBaseURL) }
    if failed { throw ExitCode(1) }
  }
}

/// The facts that the doctor looks at, each as the end of a line or an error that says what is
/// wrong.
private enum Facts {
  static func database(_ connection: Connection) throws -> String {
    guard
      let row = try connection.first(
        "SELECT VERSION() AS version, @@innodb_flush_log_at_trx_commit AS flush"
      )
    else { throw ValidationError("no answer") }
    guard try row.int("flush") == 1 else {
      throw ValidationError(
        "innodb_flush_log_at_trx_commit is not 1: a power failure would lose acknowledged commits")
    }
    return try row.text("version")
  }

  /// Codes and sessions expire by this machine's clock; a database on another one must agree with
  /// it.
  static func clock(_ connection: Connection) throws -> String {
    let before = Date.now
    guard let row = try connection.first("SELECT UTC_TIMESTAMP(6) AS now") else {
      throw ValidationError("no answer")
    }
    let skew = abs(try row.time("now").timeIntervalSince(before))
    guard skew < 2 else {
      throw ValidationError("this machine and the database are \(Int(skew)) seconds apart")
    }
    return "agrees with the database"
  }

  static func mail(_ configuration: Configuration) throws -> String {
    let providers = configuration.providers.mail
    guard !providers.isEmpty else { return "none is sent (EMAIL_PROVIDERS is none)" }
    var said: [String] = []
    if let settings = configuration.sendGrid {
      said.append(try sendGrid(settings))
      if settings.signature == nil {
        print("NOTE    SENDGRID_WEBHOOK_PUBLIC_KEY is missing: what became of mail is not known")
      }
    }
    if let settings = configuration.smtp {
      said.append("\(settings.url) is used \(said.isEmpty ? "for all of it" : "where it does not")")
    }
    return said.joined(separator: "; ")
  }

  private static func sendGrid(_ settings: SendGridSettings) throws -> String {
    var request = TransferRequest(method: .get, url: "\(settings.baseURL)/v3/scopes")
    request.headers = [("Authorization", "Bearer \(settings.apiKey.reveal())")]
    do {
      let response = try Transfer.perform(request)
      switch response.status {
      case 200 where String(decoding: response.body, as: UTF8.self).contains("\"mail.send\""):
        return "SendGrid answers"
      case 200, 403: throw ValidationError("the SendGrid key may not send mail (mail.send)")
      case 401: throw ValidationError("SendGrid does not accept the key")
      case let status: throw ValidationError("SendGrid answers \(status)")
      }
    } catch let error as TransferError {
      throw ValidationError("\(error.host) cannot be reached (\(error.code))")
    }
  }

  static func twilio(_ settings: TwilioSettings) throws -> String {
    var request = TransferRequest(
      method: .get,
      url:
        "\(settings.apiBaseURL)/2010-04-01/Accounts/\(settings.accountSID)/Messages.json?PageSize=1"
    )
    request.login =
      settings.apiKey.map { ($0.sid, $0.secret) } ?? (settings.accountSID, settings.authToken)
    do {
      let response = try Transfer.perform(request)
      switch response.status {
      case 200: return settings.isSandbox ? "the sandbox answers" : "Twilio answers"
      case 401: throw ValidationError("Twilio does not accept the credentials (20003)")
      case let status: throw ValidationError("Twilio answers \(status)")
      }
    } catch let error as TransferError {
      throw ValidationError("\(error.host) cannot be reached (\(error.code))")
    }
  }

  /// Whether who makes codes, and who judges apps, answers.
  static func engines(_ connection: Connection, _ configuration: Configuration) throws -> String {
    let engines = configuration.engines
    guard engines.codes != .local || engines.apps != .local else {
      return "codes are made, and apps judged, here"
    }
    let providers = Providers(connection, configuration)
    for name in providers.engines where try providers.ask(name)?.answered == false {
      throw ValidationError("\(name) does not answer")
    }
    return
      "codes by \(engines.codes.rawValue)\(engines.codes != .local && engines.fallsBack ? ", else here" : ""); apps by \(engines.apps.rawValue)"
  }

  static func web(_ url: PublicBaseURL) throws -> String {
    for responder in Part.responders {
      let address = "\(url.origin)/healthz/\(responder.name)"
      guard let response = try? Transfer.perform(TransferRequest(method: .get, url: address)),
        response.status == 200
      else { throw ValidationError("\(address) does not answer 200") }
    }
    return "every responder answers through it"
  }
}
