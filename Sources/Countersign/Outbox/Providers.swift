package import FoundationEssentials

/// The providers there are, as an administrator sees them.
package struct Providers {
  private let store: ProviderHealthStore
  private let carriers: Carriers
  private let line = ProviderLine()

  package init(_ connection: Connection, _ configuration: Configuration) {
    store = ProviderHealthStore(connection: connection)
    carriers = Carriers(configuration)
  }

  /// Each provider that messages may go to, in order of preference, and how it fares; nil for one that was not used
  /// yet.
  package func standings() throws -> [(name: String, standing: ProviderStanding?)] {
    let known = try store.all()
    return carriers.names.map { name in (name, known.first { $0.provider == name }) }
  }

  /// Those of them that make codes, or judge apps.
  package var engines: [String] { carriers.engines.known.map(\.name) }

  package struct Reply: Sendable {
    /// Nil for a provider that cannot be asked without sending something.
    package let answered: Bool?
    package let milliseconds: Int?
  }

  /// Asks a provider whether it is there; nil for one that there is none of.
  package func ask(_ name: String) throws -> Reply? {
    guard let carrier = carriers.named(name) else { return nil }
    guard let request = carrier.probe() else { return Reply(answered: nil, milliseconds: nil) }
    let started = MonotonicClock.nanoseconds
    let isReply = try line.perform(request).isReply
    return Reply(
      answered: isReply, milliseconds: Int((MonotonicClock.nanoseconds - started) / 1_000_000))
  }
}

/// A provider as a courier last saw it.
package struct ProviderStanding: Sendable {
  package let provider: String
  /// `closed`, `open`, or `half`.
  package let state: String
  package let changedAt: Date
  /// Of the minute before `seenAt`.
  package let answers: Int
  package let failures: Int
  package let milliseconds: Int
  package let lastFailure: String?
  package let lastFailureAt: Date?
  package let seenAt: Date

  /// Every provider that a courier has had to do with lately, by name.
  package static func all(_ connection: Connection) throws -> [ProviderStanding] {
    try ProviderHealthStore(connection: connection).all()
  }
}
