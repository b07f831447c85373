package import FoundationEssentials

/// How long things are kept that have had their time.
///
/// In portions of ten thousand rows, each a transaction of its own, so that no lock is held for
/// long.
package struct Retention {
  private let connection: Connection
  private let configuration: Configuration

  package init(_ connection: Connection, _ configuration: Configuration) {
    self.connection = connection
    self.configuration = configuration
  }

  /// Removes everything that is over.
  ///
  /// - Returns: how many rows went.
  package func purge(at now: Date) throws -> Int {
    let sessions = Sessions(connection, configuration)
    let verification = PhoneVerification(connection, configuration)
    let limits = SlidingLimits(connection, configuration.keys)
    let traffic = TrafficStore(connection: connection)
    let delivery = DeliveryStore(connection: connection)
    let answers = IdempotentAnswers(connection, configuration.keys)
    let challenges = Challenges(connection, configuration)
    let devices = DeviceStore(connection: connection)
    let events = HostEventStore(connection: connection)
    let counts = MessageCounts(connection)
    var total = 0
    while true {
      let removed =
        try sessions.purge(at: now) + verification.purge(at: now) + limits.purge(at: now)
        + traffic.purge(at: now)
        + delivery.purge(at: now)
        + answers.purge(at: now) + challenges.purge(at: now) + devices.purge(at: now)
        + events.purge(at: now) + counts.purge(at: now)
      total += removed
      if removed == 0 { return total }
    }
  }
}
