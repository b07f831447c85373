import ArgumentParser
import Countersign
import FoundationEssentials

/// Who gets no messages, and letting them have some again.
struct SuppressionsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "suppressions",
    abstract: "Shows why somebody gets no messages, and lets them have messages again.",
    discussion:
      "Only keyed hashes of numbers and addresses are kept: they can be asked for, not listed.",
    subcommands: [Show.self, Remove.self])

  /// Whom it is about.
  struct Person: ParsableArguments {
    @Option(help: "A number with its country's prefix, such as +14155552671.")
    var number: String?

    @Option(help: "An email address.")
    var email: String?

    func destination() throws -> (PhoneNumber?, String?) {
      guard (number == nil) != (email == nil) else {
        throw ValidationError("Name one of --number and --email.")
      }
      if let email {
        guard EmailAddress(email) != nil else { throw ValidationError("\(email) is no address.") }
        return (nil, email)
      }
      guard let number = number.flatMap({ PhoneNumber($0, region: "ZZ") }) else {
        throw ValidationError("This is no phone number with its country's prefix.")
      }
      return (number, nil)
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows a sender of ours, a reason, and a time a line; * is all mail.")

    @OptionGroup var person: Person
    @OptionGroup var system: SystemOptions

    func run() throws {
      let (number, email) = try person.destination()
      try reporting {
        let (connection, configuration) = try system.connection()
        for (sender, reason, since) in try Consent(connection, configuration).list(number, email) {
          print("\(sender)  \(reason)  \(since.rfc3339)")
        }
      }
    }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lets messages go there again; what the provider itself refuses stays refused.")

    @OptionGroup var person: Person
    @OptionGroup var system: SystemOptions

    func run() throws {
      let (number, email) = try person.destination()
      try reporting {
        let (connection, configuration) = try system.connection()
        print("removed \(try Consent(connection, configuration).release(number, email))")
      }
    }
  }
}
