import ArgumentParser
import Countersign

/// The counts that figures come from.
struct StatisticsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "statistics", abstract: "Verifies and corrects the counts of messages.",
    subcommands: [Verify.self, Correct.self])

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Counts every message anew and compares; ends with 1 where something differs.")

    @OptionGroup var system: SystemOptions

    func run() throws {
      var wrong = 0
      try reporting {
        let (connection, _) = try system.connection()
        wrong = try MessageCounts(connection).wrongSorts()
        print(wrong == 0 ? "all counts are right" : "\(wrong) counts are wrong")
      }
      if wrong > 0 { throw ExitCode(1) }
    }
  }

  struct Correct: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Counts every message anew, and corrects what differs, while everything runs.")

    @OptionGroup var system: SystemOptions

    func run() throws {
      try reporting {
        let (connection, _) = try system.connection()
        try MessageCounts(connection).correct()
        print("the counts are right")
      }
    }
  }
}
