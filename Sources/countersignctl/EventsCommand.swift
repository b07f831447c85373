import ArgumentParser
import Countersign
import FoundationEssentials

/// What the host is told by webhook.
struct EventsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events",
    abstract: "Shows what the host was told by webhook, and tells it again.",
    subcommands: [List.self, Replay.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the newest events of a status, a line each: id, type, attempts, last answer."
    )

    @Option(help: "pending, delivered, or dead: what was given up after a day.")
    var status = "dead"

    @Option(help: "At most so many.")
    var limit = 100

    @OptionGroup var system: SystemOptions

    func run() throws {
      guard ["pending", "delivered", "dead"].contains(status) else {
        throw ValidationError("There is no status \(status); there are pending, delivered, dead.")
      }
      guard (1...10_000).contains(limit) else {
        throw ValidationError("--limit must be 1 to 10000.")
      }
      try reporting {
        let (connection, _) = try system.connection()
        for event in try HostEventStore(connection: connection).list(status: status, limit: limit) {
          let answer = event.lastAnswer.map { $0 == 0 ? "no answer" : String($0) } ?? "-"
          print(
            "\(event.id)  \(event.createdAt.rfc3339)  \(event.type)  \(event.attempts)  \(answer)")
        }
      }
    }
  }

  struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Queues events again, under their own ids: one, or all that were given up.")

    @Argument(help: "The event's id.")
    var id: String?

    @Flag(help: "All that were given up.")
    var allDead = false

    @OptionGroup var system: SystemOptions

    func run() throws {
      guard (id == nil) == allDead else {
        throw ValidationError("Name an event, or --all-dead.")
      }
      let event = try id.map { text in
        guard let event = HostEvent.ID(text) else {
          throw ValidationError("\(text) is no event's id.")
        }
        return event
      }
      try reporting {
        let (connection, _) = try system.connection()
        let store = HostEventStore(connection: connection)
        guard let event else {
          print("queued \(try store.replayDead(at: .now)) events again")
          return
        }
        guard try store.replay(event, at: .now) else {
          throw OperatorError("There is no event \(event).")
        }
        print("queued 1 event again")
      }
    }
  }
}
