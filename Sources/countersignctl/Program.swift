/// One of our own programs, as `up` runs it.
struct Program {
  let name: String
  /// False for a daemon that nginx does not ask.
  let isResponder: Bool
  /// Worker threads, where not the configured number.
  var workers: Int?

  static let responders = ["accounts", "verify-phone", "webhooks"].map { Program(name: $0, isResponder: true) }
  static let courier = Program(name: "courier", isResponder: false)
  /// A rule can make an answer late, and the thread that gives it waits meanwhile.
  static let sandbox = Program(name: "sandbox", isResponder: true, workers: 24)

  /// The programs with a user of their own in the database, and the operator's.
  static let databaseUsers = (responders + [courier]).map(\.databaseUser) + ["countersign_ctl"]

  var databaseUser: String {
    "countersign_" + String(name.map { $0 == "-" ? "_" : $0 })
  }
}
