import ArgumentParser
import Countersign
import FoundationEssentials
import Glibc
import Logging

/// A logger for the operator's program, whose own words go to standard output.
enum OperatorLog {
  static let logger = Logger(label: "countersignctl") { _ in SwiftLogNoOpLogHandler() }
}

/// The log of what administrators do.
struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Verifies and exports the log of what administrators do.",
    subcommands: [Verify.self, Export.self])

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Looks whether any entry was changed, removed, or moved, and says which.",
      discussion: """
        Ends with 1 when one was. The last line names the end of the log, SEQUENCE:MAC. Keep it elsewhere, and give it to a later \
        --anchor: whoever removes the newest entries, and puts back what says how many there were, is found by it alone. \
        The admin responder's log has such an anchor with each act.
        """)

    @Option(help: "The end of the log as it was noted before, SEQUENCE:MAC.")
    var anchor: String?

    @OptionGroup var system: SystemOptions

    func run() throws {
      let noted = try anchor.map { text in
        guard let anchor = AuditAnchor(text) else {
          throw ValidationError("\(text) is no anchor; one is SEQUENCE:MAC.")
        }
        return anchor
      }
      var isSound = true
      try reporting {
        let (connection, configuration) = try system.connection()
        let finding = try Audit(connection, configuration, OperatorLog.logger)
          .verify(against: noted)
        for fault in finding.faults.sorted(by: { $0.place < $1.place }) { print(fault) }
        isSound = finding.faults.isEmpty
        print(
          isSound
            ? "\(finding.entries) entries, unbroken"
            : "\(finding.faults.count) faults in \(finding.entries) entries")
        if let head = finding.head { print(head) }
      }
      if !isSound { throw ExitCode(1) }
    }
  }

  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints all entries, or those after one, as JSON lines.")

    @Option(help: "The number of the entry to begin behind.")
    var after = 0

    @OptionGroup var system: SystemOptions

    func run() throws {
      try reporting {
        let (connection, configuration) = try system.connection()
        let audit = Audit(connection, configuration, OperatorLog.logger)
        var last = after
        while case let page = try audit.page(after: last, limit: 1_000), let end = page.last {
          for entry in page {
            print(String(decoding: try AuditLine(entry).line, as: UTF8.self), terminator: "")
          }
          last = end.sequence
        }
        fflush(nil)
      }
    }
  }
}
