package import FoundationEssentials

/// Opening, recognising, and ending sessions.
///
/// A session is a row; its token is shown once and stored as a hash. Nothing about a session is
/// cached, so one that was ended is refused by every process from the next request on.
package struct Sessions {
  let store: SessionStore
  private let idle: TimeInterval
  private let maximum: TimeInterval
  private let administratorsIdle: TimeInterval

  /// A session's last use is written at most this often, so that reading a page costs no write.
  private static let seenGranularity: TimeInterval = 60

  package init(_ connection: Connection, _ configuration: Configuration) {
    store = SessionStore(connection: connection, vault: PhoneVault(configuration.keys))
    idle = TimeInterval(configuration.limits.sessionIdleMinutes) * 60
    administratorsIdle = min(idle, TimeInterval(configuration.limits.adminIdleMinutes) * 60)
    maximum = TimeInterval(configuration.limits.sessionMaximumHours) * 3_600
  }

  /// Opens a session for somebody whose proof has been checked. The token is new at every level.
  ///
  /// - Parameter factor: the second factor that was proven, for level 2.
  package func open(
    _ account: Account.ID, role: Account.Role = .user, by factor: Factor? = nil,
    _ client: ClientDescription, at now: Date
  ) throws(DatabaseError) -> IssuedSession {
    let token = Token()
    let end = now.addingTimeInterval(maximum)
    try store.insert(token, Identifier(at: now), account, factor, client, at: now, until: end)
    return IssuedSession(
      token: token.text, expiresAt: min(end, now.addingTimeInterval(idle(role))), endsAt: end)
  }

  /// How long a session of somebody lasts that nobody uses.
  private func idle(_ role: Account.Role) -> TimeInterval {
    role.isAdministrative ? administratorsIdle : idle
  }

  /// The session that a token opens; nil when it opens none, or none any more.
  package func find(_ text: String, at now: Date) throws -> Session? {
    guard let token = Token(received: text),
      let found = try store.find(token, at: now, idleSince: now.addingTimeInterval(-idle))
    else { return nil }
    let idle = idle(found.account.role)
    guard found.lastSeenAt > now.addingTimeInterval(-idle) else { return nil }
    if found.lastSeenAt < now.addingTimeInterval(-min(Self.seenGranularity, idle / 4)) {
      try store.markSeen(token, at: now)
    }
    return Session(
      id: found.id, account: found.account, level: found.level, openedAt: found.openedAt,
      factorAt: found.factorAt, factor: found.factor,
      expiresAt: min(found.end, now.addingTimeInterval(idle)))
  }

  /// Raises a session to level 2 after a second factor was proven; called inside the transaction
  /// that uses the proof up.
  ///
  /// - Returns: its new token; the old one is dead.
  /// - Throws: `unauthenticated` when the session has ended meanwhile.
  func raise(
    _ id: Session.ID, of account: Account, by factor: Factor, at now: Date
  ) throws -> IssuedSession {
    let token = Token()
    guard
      try store.raise(
        id, of: account.id, by: factor, to: token, at: now,
        idleSince: now.addingTimeInterval(-idle(account.role))),
      let end = try store.end(of: id)
    else { throw Rejection(.unauthenticated) }
    return IssuedSession(
      token: token.text, expiresAt: min(end, now.addingTimeInterval(idle(account.role))),
      endsAt: end)
  }

  /// True while a session lasts.
  func isLive(_ id: Session.ID, at now: Date) throws(DatabaseError) -> Bool {
    try store.isLive(id, at: now, idleSince: now.addingTimeInterval(-idle))
  }

  /// Notes that a second factor was proven in a session that is at level 2 already, to the minute.
  func markProven(_ session: Session, at now: Date) throws(DatabaseError) {
    if let proven = session.factorAt, proven > now - Self.seenGranularity { return }
    try store.markProven(session.id, at: now)
  }

  package func list(_ account: Account.ID, at now: Date) throws(DatabaseError) -> [SessionSummary] {
    try store.list(account, at: now, idleSince: now.addingTimeInterval(-idle))
  }

  /// Ends one of the caller's sessions.
  ///
  /// - Throws: `not_found` also for a session of somebody else.
  package func end(_ id: Session.ID, of account: Account.ID) throws {
    guard try store.delete(id, of: account) else { throw Rejection(.notFound) }
  }

  /// Ends all of the caller's sessions but the one it calls with.
  package func endOthers(than session: Session) throws(DatabaseError) {
    try store.deleteAll(of: session.account.id, except: session.id)
  }

  package func purge(at now: Date) throws(DatabaseError) -> Int {
    try store.purge(at: now, idleSince: now.addingTimeInterval(-idle))
  }
}
