import ArgumentParser
import Countersign

/// Brings the schema up to date.
struct Migrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Applies the migrations that the database does not have. Safe when two run at once.")

  @OptionGroup var system: SystemOptions

  func run() throws {
    try reporting {
      let (connection, _) = try system.connection()
      let applied = try Migrations(connection, directory: Installation().migrations).apply()
      for file in applied { print("applied \(file.name)") }
      if applied.isEmpty { print("nothing to apply") }
    }
  }
}
