import ArgumentParser
import Countersign

/// The operator's program.
struct CountersignCtl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "countersignctl",
    abstract: "Runs and operates Countersign.",
    subcommands: [
      Up.self, Migrate.self, Doctor.self, Admin.self, APIKey.self, DestinationsCommand.self,
      EventsCommand.self, SuppressionsCommand.self, Preview.self, Keys.self, Purge.self,
      AuditCommand.self, StatisticsCommand.self, Seed.self,
    ])
}

/// Which system a command acts on.
struct SystemOptions: ParsableArguments {
  @Option(
    help:
      "The directory that holds everything of one system: its database, sockets, logs, and keys.")
  var state = ".local"

  @Option(
    help: "A file of variables, NAME=value a line; variables of the environment go before it.")
  var envFile: String?

  /// The configuration of the system that `up` runs in the state directory, or that the environment
  /// describes.
  ///
  /// - Throws: `ValidationError` with a sentence for each fault.
  func configuration() throws -> Configuration {
    do {
      return try Configuration.read(from: try StateDirectory(state).environment(envFile: envFile))
    } catch let invalid as Configuration.Invalid {
      throw ValidationError(invalid.faults.joined(separator: "\n"))
    }
  }

  /// A connection to that system's database, for work that may take long.
  func connection() throws -> (Connection, Configuration) {
    let configuration = try configuration()
    Connection.initializeLibrary()
    return (Connection(configuration.database, for: .operation), configuration)
  }
}

/// Runs a command's work, and says in one sentence what kept it from being done.
func reporting(_ work: () throws -> Void) throws {
  do {
    try work()
  } catch let error as DatabaseError {
    throw ValidationError(
      error.isConnectionLost ? "The database cannot be reached." : "The database refused: \(error)."
    )
  } catch let error as Migrations.Refusal {
    throw ValidationError(error.description)
  } catch let error as OperatorError {
    throw ValidationError(error.description)
  } catch let rejection as Rejection {
    var sentence = rejection.reason.answer.sentence
    if case .text(let reason)? = rejection.details["reason"] { sentence += " (\(reason))" }
    throw ValidationError(sentence)
  }
}
