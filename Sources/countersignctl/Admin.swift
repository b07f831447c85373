import ArgumentParser
import Countersign
import FoundationEssentials
import Glibc

/// Administrators are made here and nowhere else.
struct Admin: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes administrators.", subcommands: [Create.self])

  struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Makes an account with the role admin. Its owner binds an authenticator app at the first login."
    )

    @Option(help: "The email address to sign in with; asked for without this option.")
    var email: String?

    @Option(
      help:
        "The password; asked for without this option, so that it stands in no list of processes.")
    var password: String?

    @OptionGroup var system: SystemOptions

    func run() throws {
      let email = try email ?? Self.askForEmail()
      guard let address = EmailAddress(email) else {
        throw ValidationError("\(email) is no email address.")
      }
      try reporting {
        let (connection, configuration) = try system.connection()
        let accounts = Accounts(connection, configuration, breaches: nil)
        let id = try accounts.createAdministrator(
          address, Secret(try password ?? Self.ask()), at: .now)
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
