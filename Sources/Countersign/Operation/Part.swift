/// One of our own programs, as a part of a running system.
package struct Part: Sendable {
  package let name: String
  /// False for a daemon that nginx does not ask.
  package let isResponder: Bool
  /// Worker threads, where not the configured number.
  package var workers: Int?

  package static let responders = [
    "accounts", "verify-phone", "two-factor", "password-reset", "webhooks",
  ].map { Part(name: $0, isResponder: true) }
  package static let courier = Part(name: "courier", isResponder: false)
  /// A rule can make an answer late, and the thread that gives it waits meanwhile.
  package static let sandbox = Part(name: "sandbox", isResponder: true, workers: 24)

  /// The programs with a user of their own in the database, and the operator's.
  package static let databaseUsers =
    (responders + [courier]).map(\.databaseUser) + ["countersign_ctl"]

  package var databaseUser: String {
    "countersign_" + String(name.map { $0 == "-" ? "_" : $0 })
  }
}
