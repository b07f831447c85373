package import FoundationEssentials
package import Logging

/// What providers report about messages they have taken.
///
/// A message's state only moves forward: reports come late, twice, and in any order, and the guard
/// in the UPDATE makes all of that harmless.
package struct Delivery {
  private let connection: Connection
  private let store: DeliveryStore
  private let events: HostEvents
  private let bell: CourierBell
  private let log: Logger

  package init(_ connection: Connection, _ configuration: Configuration, _ log: Logger) {
    self.log = log
    self.connection = connection
    store = DeliveryStore(connection: connection)
    events = HostEvents(connection, configuration)
    bell = CourierBell(path: configuration.courierSocket)
  }

  /// One report.
  package struct Report: Sendable {
    package let sid: String
    package let status: MessageStatus
    package let rank: Int
    package let errorCode: Int?
    package let failure: Failure?
    /// What it cost, in millionths of a US dollar, where the provider says so.
    package var price: Int?
    /// Which of our senders it is about, where people can stop one.
    package var sender: String?

    package init(sid: String, status: MessageStatus, rank: Int, errorCode: Int?, failure: Failure?)
    {
      self.sid = sid
      self.status = status
      self.rank = rank
      self.errorCode = errorCode
      self.failure = failure
    }
  }

  /// Records a report.
  ///
  /// One UPDATE in the usual case. A report about a sid that no message has is kept: the provider
  /// may be faster than the courier's own record of what it sent. After keeping it the message is
  /// looked for once more, since the courier may have stored the sid in between, and would not look
  /// again.
  package func record(_ report: Report, at now: Date) throws {
    if report.isFinal, events.isSending || report.isFailure {
      let isNew = try connection.transaction { try recordInTransaction(report, at: now) }
      // Who hears of it, and what is said on the phone instead, leaves through the courier.
      if isNew { return bell.ring() }
    } else if try store.advance(report, at: now) {
      return
    }
    guard try !store.isKnown(sid: report.sid) else { return }
    try store.keepEarly(report, at: now)
    try connection.transaction {
      try store.applyEarlyCallback(sid: report.sid, events, at: now)
    }
  }

  /// The same inside a transaction, as one of many.
  ///
  /// - Returns: false when it says nothing new.
  @discardableResult
  package func recordInTransaction(_ report: Report, at now: Date) throws -> Bool {
    guard try store.advance(report, at: now) else { return false }
    if try store.tell(report, events, at: now) {
      log.error(
        "code did not arrive",
        metadata: [
          "provider_sid": "\(report.sid)", "failure": "\(report.failure?.rawValue ?? "none")",
          "provider_code": "\(report.errorCode.map(String.init) ?? "none")",
        ])
    }
    return true
  }

  /// Records reports that came together, each once; called inside a transaction.
  package func recordInTransaction(_ reports: [Report], at now: Date) throws {
    for report in reports {
      if try recordInTransaction(report, at: now) { continue }
      guard try !store.isKnown(sid: report.sid) else { continue }
      try store.keepEarly(report, at: now)
      try store.applyEarlyCallback(sid: report.sid, events, at: now)
    }
  }

  /// False when a provider's event was taken before; called inside a transaction.
  package func isNewInTransaction(_ event: String, of provider: String, at now: Date)
    throws(DatabaseError) -> Bool
  {
    try store.insertEvent(provider, event, at: now)
  }

  package func wakeCourier() { bell.ring() }
}

extension Delivery.Report {
  var isFinal: Bool { rank >= 4 }
  var isFailure: Bool { status == .undelivered || status == .failed }
}
