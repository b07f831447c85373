import ArgumentParser
import Countersign
import FoundationEssentials
import Glibc

/// Runs the whole system on this machine.
struct Up: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs the whole system in the foreground until it is interrupted.",
    discussion: """
      Out of one state directory it runs a private MariaDB, nginx, every responder, the courier, and, unless a real \
      provider is configured, the sandbox. A part that ends is started again. SIGINT or SIGTERM stops all of it.
      """)

  @Option(help: "The port of the system, on 127.0.0.1.")
  var port = 8080

  @Option(help: "The port of the sandbox, on 127.0.0.1.")
  var sandboxPort = 8025

  @OptionGroup var system: SystemOptions

  @Flag(help: "Never run the sandbox; a provider must be configured.")
  var noSandbox = false

  @Option(help: "Use this database (mariadb://…) and not a private one. It must exist.")
  var database: String?

  func validate() throws {
    guard (1...65_535).contains(port), (1...65_535).contains(sandboxPort), port != sandboxPort
    else {
      throw ValidationError("The ports must be two different numbers from 1 to 65535.")
    }
  }

  func run() throws {
    Signals.block()
    OpenFiles.raiseLimit()
    Transfer.initializeLibrary()
    Connection.initializeLibrary()
    let state = StateDirectory(system.state)
    try state.prepare()
    let lock = try state.lock()
    defer { close(lock) }
    try reporting {
      let supervisor = Supervisor(state: state)
      do {
        let configuration = try start(supervisor, state)
        print("ready http://127.0.0.1:\(port)")
        fflush(nil)
        supervisor.superviseUntilStopped {
          let connection = Connection(configuration.database, for: .operation)
          _ = try Retention(connection, configuration).purge(at: .now)
        }
      } catch is Supervisor.Interrupted {
        // Stopped while it started: what runs already is stopped below.
      } catch {
        supervisor.stop()
        throw error
      }
      supervisor.stop()
    }
  }

  /// Starts everything, in the order that each part needs the ones before it.
  private func start(_ supervisor: Supervisor, _ state: StateDirectory) throws -> Configuration {
    let installation = try Installation()
    let secrets = try state.secrets()
    var environment = try StateDirectory.read(envFile: system.envFile)
    environment.merge(ProcessInfo.processInfo.environment) { $1 }
    let usesSandbox = !noSandbox && (environment["TWILIO_ACCOUNT_SID"] ?? "").isEmpty
    try Nginx.requireFree(port)
    if usesSandbox { try Nginx.requireFree(sandboxPort) }
    complete(&environment, secrets, state, usesSandbox: usesSandbox)

    var urls: [String: String] = [:]
    if let database {
      environment["DATABASE_URL"] = database
      guard let location = DatabaseLocation(database) else {
        throw ValidationError("--database must be mariadb://user:password@host[:port]/database.")
      }
      _ = try Migrations(Connection(location, for: .operation), directory: installation.migrations)
        .apply()
    } else {
      let embedded = try EmbeddedDatabase(state)
      supervisor.add(embedded.process)
      try embedded.start()
      try embedded.prepare(installation, passwords: secrets)
      for user in Part.databaseUsers {
        urls[user] = embedded.url(user: user, password: secrets["PASSWORD_\(user)"] ?? "")
      }
      environment["DATABASE_URL"] = urls["countersign_ctl"]
    }
    let configuration: Configuration
    do {
      configuration = try Configuration.read(from: Environment(environment))
    } catch {
      throw ValidationError(error.faults.joined(separator: "\n"))
    }
    try state.record(environment.filter { Self.isOurs($0.key) })

    var programs = Part.responders + [Part.courier]
    if usesSandbox { programs.append(Part.sandbox) }
    for program in programs {
      var own = environment
      if let url = urls[program.databaseUser] { own["DATABASE_URL"] = url }
      if let workers = program.workers {
        own["COUNTERSIGN_WORKERS"] = String(max(workers, configuration.workers))
      }
      if program.name == Part.sandbox.name {
        own["SANDBOX_BANK_KEY"] = try bankKey(configuration, secrets, state).reveal()
      }
      let listener =
        program.isResponder ? try ListeningSocket.open("\(state.run)/\(program.name).sock") : nil
      try supervisor.start(
        ChildProcess(
          program.name, "\(installation.programs)/\(program.name)", [], environment: own,
          listener: listener, in: state))
    }
    let nginx = try Nginx(
      installation, state, port: port, sandboxPort: usesSandbox ? sandboxPort : nil,
      publicHost: configuration.publicBaseURL.host, adminAddresses: configuration.adminAddresses)
    try supervisor.start(nginx.process)
    try supervisor.waitUntilReady(
      Part.responders.map { "http://127.0.0.1:\(port)/healthz/\($0.name)" })
    if usesSandbox { try supervisor.waitUntilReady(["http://127.0.0.1:\(sandboxPort)/healthz"]) }
    try supervisor.waitUntilExists("\(state.run)/courier.bell")
    return configuration
  }

  /// The service key of the demonstration bank, which the sandbox plays; made when there is none yet.
  private func bankKey(
    _ configuration: Configuration, _ secrets: [String: String], _ state: StateDirectory
  ) throws -> Secret {
    let connection = Connection(configuration.database, for: .operation)
    let keys = ServiceKeys(connection)
    if let known = secrets["SANDBOX_BANK_KEY"].map({ Secret($0) }), try keys.isInForce(known) {
      return known
    }
    let made = try connection.transaction {
      try keys.create(
        name: "demonstration bank", scopes: [.challenges, .notifications], at: .now)
    }
    try state.keep(made.text, as: "SANDBOX_BANK_KEY")
    return made.text
  }

  /// Gives what the environment does not: values that are right for one machine, and secrets of its
  /// own.
  private func complete(
    _ environment: inout [String: String], _ secrets: [String: String], _ state: StateDirectory,
    usesSandbox: Bool
  ) {
    var defaults = [
      "PUBLIC_BASE_URL": "http://127.0.0.1:\(port)",
      "COUNTERSIGN_PRODUCT_NAME": "Countersign",
      "COUNTERSIGN_ALLOWED_COUNTRIES": "*",
      "SMS_PROVIDERS": "twilio",
      "EMAIL_PROVIDERS": usesSandbox || environment["SENDGRID_API_KEY"] != nil
        ? "sendgrid" : environment["SMTP_URL"] != nil ? "smtp" : "none",
    ]
    if usesSandbox {
      defaults["TWILIO_ACCOUNT_SID"] = secrets["TWILIO_ACCOUNT_SID"]
      defaults["TWILIO_AUTH_TOKEN"] = secrets["TWILIO_AUTH_TOKEN"]
      defaults["TWILIO_PHONE_NUMBER"] = "+15005550006"
      defaults["TWILIO_API_BASE_URL"] = "http://127.0.0.1:\(sandboxPort)/twilio"
      if [environment["VERIFICATION_ENGINE"], environment["TOTP_ENGINE"]].contains("twilio-verify")
      {
        defaults["TWILIO_VERIFY_SERVICE_SID"] = "VA\(String(repeating: "5a", count: 16))"
        defaults["TWILIO_VERIFY_PSD2_SERVICE_SID"] = "VA\(String(repeating: "5b", count: 16))"
      }
      defaults["TWILIO_VERIFY_BASE_URL"] = "http://127.0.0.1:\(sandboxPort)/verify"
      defaults["SENDGRID_API_KEY"] = secrets["SENDGRID_API_KEY"]
      defaults["SENDGRID_FROM_EMAIL"] = "security@countersign.example"
      // What the sandbox signs its events with is no secret; see there.
      defaults["SENDGRID_WEBHOOK_PUBLIC_KEY"] =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE3SKBsuJ4DjNSXtzbmnV0YazINpxE18WbaBd7VrlteROHJ1eUrcqPktKoK0lPdF7QUutfOc1CpalVPnnj4Sg/kA=="
      defaults["VONAGE_API_KEY"] = "sandbox1"
      defaults["VONAGE_API_SECRET"] = secrets["VONAGE_API_SECRET"]
      defaults["VONAGE_SIGNATURE_SECRET"] = secrets["VONAGE_SIGNATURE_SECRET"]
      defaults["VONAGE_FROM"] = "15005550007"
      if environment["VERIFICATION_ENGINE"] == "vonage-verify" {
        defaults["VONAGE_BRAND"] = "Countersign"
      }
      defaults["VONAGE_API_BASE_URL"] = "http://127.0.0.1:\(sandboxPort)/vonage"
      defaults["VONAGE_REST_BASE_URL"] = "http://127.0.0.1:\(sandboxPort)/vonage-rest"
      defaults["SENDGRID_BASE_URL"] = "http://127.0.0.1:\(sandboxPort)/sendgrid"
    }
    for (name, value) in defaults
    where (environment[name] ?? "").isEmpty && environment["\(name)_FILE"] == nil {
      environment[name] = value
    }
    if (environment["COUNTERSIGN_KEYS"] ?? "").isEmpty,
      (environment["COUNTERSIGN_KEYS_FILE"] ?? "").isEmpty
    {
      environment["COUNTERSIGN_KEYS_FILE"] = state.keysFile
    }
    environment["COUNTERSIGN_RUN_DIRECTORY"] = state.run
    // A crash report prints memory, and memory holds codes.
    environment["SWIFT_BACKTRACE"] = "enable=no"
  }

  private static func isOurs(_ name: String) -> Bool {
    ["COUNTERSIGN_", "TWILIO_", "SENDGRID_", "VONAGE_", "SMTP_"].contains { name.hasPrefix($0) }
      || [
        "PUBLIC_BASE_URL", "DATABASE_URL", "SMS_PROVIDERS", "SMS_ROUTES", "SMS_RATES",
        "EMAIL_PROVIDERS", "VERIFICATION_ENGINE", "VERIFICATION_FALLBACK", "TOTP_ENGINE",
        "DEPOSIT_URL",
      ].contains(name)
  }
}
