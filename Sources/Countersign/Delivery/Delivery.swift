package import FoundationEssentials

/// What providers report about messages they have taken.
///
/// A message's state only moves forward: reports come late, twice, and in any order, and the guard
/// in the UPDATE makes all of that harmless.
package struct Delivery {
  private let connection: Connection
  private let store: DeliveryStore

  package init(_ connection: Connection) {
    self.connection = connection
    store = DeliveryStore(connection: connection)
  }

  /// One report.
  package struct Report: Sendable {
    package let sid: String
    package let status: MessageStatus
    package let rank: Int
    package let errorCode: Int?
    package let failure: Failure?

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
    if report.status == .undelivered || report.status == .failed {
      let isNew = try connection.transaction {
        let isNew = try store.advance(report, at: now)
        if isNew { try store.alert(sid: report.sid, report.failure, at: now) }
        return isNew
      }
      if isNew { return }
    } else if try store.advance(report, at: now) {
      return
    }
    guard try !store.isKnown(sid: report.sid) else { return }
    try store.keepEarly(report, at: now)
    try connection.transaction { try store.applyEarlyCallback(sid: report.sid, at: now) }
  }
}
