/// One of our own programs, as a part of a running system.
package struct Part: Sendable {
  package let name: String
  /// False for a daemon that nginx does not ask.
  package let isResponder: Bool
  /// Worker threads at least, where more than the configured number.
  package var workers: Int?

  /// Who signs in waits for a hash, and holds a worker meanwhile: `accounts` has enough of them for a
  /// crowd of thirty to wait half a second rather than to be turned away.
  package static let responders = [
    Part(name: "accounts", isResponder: true, workers: 32),
    Part(name: "verify-phone", isResponder: true),
    Part(name: "two-factor", isResponder: true),
    Part(name: "password-reset", isResponder: true),
    Part(name: "notifications", isResponder: true),
    Part(name: "webhooks", isResponder: true),
    Part(name: "admin", isResponder: true),
  ]
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
