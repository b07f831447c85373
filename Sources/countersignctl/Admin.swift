import ArgumentParser
import Countersign
import FoundationEssentials
import Glibc

extension Account.Role: ExpressibleByArgument {}

/// Administrators are made here and nowhere else.
struct Admin: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes administrators.", subcommands: [Create.self])

  struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Makes an account of an administrator. Its owner binds an authenticator app at the first login."
    )

    @Option(help: "The email address to sign in with; asked for without this option.")
    var email: String?

    @Option(
      help:
        "The password; asked for without this option, so that it stands in no list of processes.")
    var password: String?

    @Option(
      help: ArgumentHelp(
        "admin may do everything; support looks, sends password resets, and ends sessions; security looks, removes second factors, locks, and changes abuse rules."
      ))
    var role = Account.Role.admin

    @OptionGroup var system: SystemOptions

    func validate() throws {
      guard role.isAdministrative else { throw ValidationError("\(role) administers nothing.") }
    }

    func run() throws {
      let email = try email ?? Self.askForEmail()
      guard let address = EmailAddress(email) else {
        throw ValidationError("\(email) is no email address.")
      }
      try reporting {
        let (connection, configuration) = try system.connection()
        let accounts = Accounts(connection, configuration, breaches: nil)
        let audit = Audit(connection, configuration, OperatorLog.logger)
        let id = try accounts.createAdministrator(
          address, Secret(try password ?? Self.ask()), role, at: .now
        ) { account in
          try audit.record(
            AuditEvent(.administratorCreated, about: account, details: ["role": role.rawValue]),
            by: .operatorAtMachine, at: .now)
        }
        print(id)
      }
    }

    private static func askForEmail() throws -> String {
      print("Email address: ", terminator: "")
      fflush(nil)
      guard let typed = readLine() else {
        throw ValidationError("An email address is needed: give --email.")
      }
      return typed
    }

    private static func ask() throws -> String {
      guard let typed = unsafe getpass("Password: ") else {
        throw ValidationError("A password is needed: give --password.")
      }
      return unsafe String(cString: typed)
    }
  }
}
