import FoundationEssentials
package import Logging

/// What administrators look at, and the small things that they change, written down.
package final class Oversight {
  private let connection: Connection
  private let audit: Audit
  private let alerts: Alerts
  private let serviceKeys: ServiceKeys
  private let limits: SlidingLimits
  private let revealsPerHour: Int
  private let looksBeforeAlert: Int
  /// What was looked at here, and when: a page that asks again and again is one look a minute.
  private var looked: [String: Date] = [:]

  private static let sameLook: TimeInterval = 60

  package init(_ connection: Connection, _ configuration: Configuration, _ log: Logger) {
    self.connection = connection
    audit = Audit(connection, configuration, log)
    alerts = Alerts(connection, configuration)
    serviceKeys = ServiceKeys(connection)
    limits = SlidingLimits(connection, configuration.keys)
    revealsPerHour = configuration.limits.revealsPerHour
    looksBeforeAlert = configuration.limits.looksBeforeAlert
  }

  /// Writes down what an administrator is about to see; without that it is not shown. Who looks at more of an hour than support
  /// does is reported.
  package func look(_ event: AuditEvent, by admin: Administrator) throws {
    let details = event.details.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let name =
      "\(admin.account.id) \(event.kind.rawValue) \(event.target.map { "\($0.id)" } ?? "") \(details.joined(separator: "&"))"
    if let last = looked[name], last > admin.at - Self.sameLook { return }
    try record(event, by: admin)
    let window = SlidingLimit(looksBeforeAlert, per: 3_600)
    if case .refused = try limits.charge([(.looks(admin.account.id), [window])], at: admin.at) {
      try alerts.raiseOnce(.manyLooks, about: "\(admin.account.id)", at: admin.at)
    }
    if looked.count >= 256 { looked = [:] }
    looked[name] = admin.at
  }

  /// Writes down an act that changes nothing here.
  package func record(_ event: AuditEvent, by admin: Administrator) throws {
    try connection.transaction { try audit.record(event, by: admin.actor, at: admin.at) }
  }

  /// Writes down that a whole number is shown. There are few of an hour, and whoever wants more is reported.
  ///
  /// - Throws: `too_many_attempts`.
  package func reveal(
    _ message: OutgoingMessage.ID, of target: AuditEvent.Target?, _ reason: Reason,
    by admin: Administrator
  ) throws {
    do {
      try connection.transaction {
        _ = try limits.chargeInTransaction(
          [(.reveals(admin.account.id), [SlidingLimit(revealsPerHour, per: 3_600)])], at: admin.at)
        try audit.record(
          AuditEvent(
            .numberRevealed, about: target,
            details: ["message": "\(message)", "reason": reason.text]), by: admin.actor,
          at: admin.at)
      }
    } catch let refused as SlidingLimits.Refused {
      try alerts.raise(.numbersRevealed, about: "\(admin.account.id)", at: admin.at)
      throw Rejection(.tooManyAttempts, retryAfter: refused.seconds).limited(by: refused.key.name)
    }
  }

  /// Writes down that something is taken away, and reports it.
  package func export(_ event: AuditEvent, by admin: Administrator) throws {
    try connection.transaction {
      try audit.record(event, by: admin.actor, at: admin.at)
      try alerts.raise(
        .dataExported, about: "\(event.kind.rawValue) \(admin.account.id)", at: admin.at)
    }
  }

  /// - Throws: `not_found` unless it is open.
  package func resolve(_ alert: Identifier<Alerts>, _ reason: Reason, by admin: Administrator)
    throws
  {
    try connection.transaction {
      try audit.record(
        AuditEvent(.alertResolved, details: ["alert": "\(alert)", "reason": reason.text]),
        by: admin.actor,
        at: admin.at)
      try alerts.resolve(alert, reason.text, by: admin.account.id, at: admin.at)
    }
  }

  /// - Throws: `not_found` unless it is live.
  package func revokeKey(_ id: String, _ reason: Reason, by admin: Administrator) throws {
    try connection.transaction {
      try audit.record(
        AuditEvent(.apiKeyRevoked, details: ["key": String(id.prefix(16)), "reason": reason.text]),
        by: admin.actor, at: admin.at)
      guard try serviceKeys.revoke(id, at: admin.at) else { throw Rejection(.notFound) }
    }
  }
}
