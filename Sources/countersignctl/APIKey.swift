import ArgumentParser
import Countersign
import FoundationEssentials

/// Keys of the host's backend.
struct APIKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "api-key", abstract: "Makes keys for the host's own backend.",
    subcommands: [Create.self])

  struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a key and prints it alone on a line. It is shown this once.")

    @Option(
      help: ArgumentHelp(
        "What the key may do, separated by commas: \(ServiceKey.Scope.allCases.map(\.rawValue).joined(separator: ", "))."
      ))
    var scopes: String

    @Option(help: "A name to know it by.")
    var name = ""

    @OptionGroup var system: SystemOptions

    func run() throws {
      var chosen: Set<ServiceKey.Scope> = []
      for word in scopes.split(whereSeparator: { $0 == "," || $0 == " " }) {
        guard let scope = ServiceKey.Scope(rawValue: String(word)) else {
          throw ValidationError(
            "\(word) is no scope; there are \(ServiceKey.Scope.allCases.map(\.rawValue).joined(separator: ", "))."
          )
        }
        chosen.insert(scope)
      }
      guard !chosen.isEmpty else { throw ValidationError("At least one scope is needed.") }
      try reporting {
        let (connection, configuration) = try system.connection()
        let audit = Audit(connection, configuration, OperatorLog.logger)
        let key = try connection.transaction {
          let made = try ServiceKeys(connection).create(name: name, scopes: chosen, at: .now)
          try audit.record(
            AuditEvent(
              .apiKeyCreated,
              details: [
                "key": made.id, "name": name,
                "scopes": chosen.map(\.rawValue).sorted().joined(separator: ","),
              ]),
            by: .operatorAtMachine, at: .now)
          return made.text
        }
        print(key.reveal())
      }
    }
  }
}
