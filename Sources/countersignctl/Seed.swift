import ArgumentParser
import Countersign
import FoundationEssentials
import Glibc

/// Many accounts and messages, made up.
struct Seed: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fills a system that sends to the sandbox with made-up accounts and messages.",
    discussion:
      "To see how it fares with many. All accounts have the same password, which is printed; a million accounts and ten million messages take some minutes."
  )

  @Option(help: "How many accounts.")
  var accounts = 10_000

  @Option(help: "How many messages.")
  var messages = 100_000

  @Option(help: "Over how many days before now the messages are spread.")
  var days = 90

  @OptionGroup var system: SystemOptions

  private static let password = "plover-quartz-91x"

  func validate() throws {
    guard (1...10_000_000).contains(accounts), (0...100_000_000).contains(messages),
      (1...3_650).contains(days)
    else {
      throw ValidationError(
        "There are 1 to 10000000 accounts, up to 100000000 messages, and 1 to 3650 days.")
    }
  }

  func run() throws {
    try reporting {
      Connection.initializeLibrary()
      let seeding = Seeding(
        try system.configuration(), accounts: accounts, messages: messages, days: days, at: .now)
      do {
        try seeding.run(password: Secret(Self.password)) { line in
          print(line)
          fflush(nil)
        }
      } catch let refusal as Seeding.Refusal {
        throw OperatorError(refusal.description)
      }
      print("password: \(Self.password)")
    }
  }
}
