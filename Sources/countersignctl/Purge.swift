import ArgumentParser
import Countersign
import FoundationEssentials

/// Removes what is over.
struct Purge: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Removes sessions, codes, limits, and answers that are over. Run it once an hour.")

  @OptionGroup var system: SystemOptions

  func run() throws {
    try reporting {
      let (connection, configuration) = try system.connection()
      let removed = try Retention(connection, configuration).purge(at: .now)
      print("removed \(removed) rows")
    }
  }
}
