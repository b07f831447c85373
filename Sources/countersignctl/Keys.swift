import ArgumentParser
import Countersign
import FoundationEssentials
import Glibc

/// The keys that everything is sealed with.
struct Keys: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Changes the keys that everything is sealed with.",
    subcommands: [Rotate.self, Reseal.self])

  struct Rotate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Adds a key, which seals from now on, and seals again what older ones did.",
      discussion: """
        The key goes to the front of the file that COUNTERSIGN_KEYS_FILE names; running programs see it within a second, and \
        no code that is on its way is lost. Where programs on several machines have copies of the file, put the new key behind \
        the first one in all of them by hand, then before it, and run `keys reseal`. Older keys stay in the file: they still open what lives for days, and the last \
        one makes the hashes that phone numbers are found by. When this is interrupted, `keys reseal` finishes it.
        """)

    @OptionGroup var system: SystemOptions

    func run() throws {
      try reporting {
        let (connection, configuration) = try system.connection()
        guard let file = configuration.keys.file else {
          throw OperatorError(
            "The keys come from the variable COUNTERSIGN_KEYS; put them into a file and name it in COUNTERSIGN_KEYS_FILE."
          )
        }
        let id = try KeyFile(file).addKey()
        print("key \(id) is current")
        // Whoever watches must know of the key even when the rest is interrupted.
        fflush(nil)
        // Every program looks at the file once a second; after two none seals with an older key.
        MonotonicClock.sleep(milliseconds: 2_100)
        guard configuration.keys.current.id == id else {
          throw OperatorError("The key file does not hold what was written to it.")
        }
        try Reseal.reseal(connection, configuration)
      }
    }
  }

  struct Reseal: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Seals again, with the current key, what older ones did. It may be interrupted.")

    @OptionGroup var system: SystemOptions

    func run() throws {
      try reporting {
        let (connection, configuration) = try system.connection()
        try Self.reseal(connection, configuration)
      }
    }

    static func reseal(_ connection: Connection, _ configuration: Configuration) throws {
      let result = try Resealing(connection, configuration.keys).run()
      print("sealed \(result.resealed) values again")
      guard result.unreadable == 0 else {
        throw OperatorError(
          "\(result.unreadable) values do not open: a key is missing, or they were moved from other rows."
        )
      }
    }
  }
}
