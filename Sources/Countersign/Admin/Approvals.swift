package import FoundationEssentials
package import Logging

/// Acts that take two administrators, where the operator has asked for that (`COUNTERSIGN_DUAL_CONTROL`): one asks, another one
/// approves, and the approval does it.
package struct Approvals {
  private let connection: Connection
  private let keys: KeyRing
  private let accounts: AccountStore
  private let support: UserSupport
  private let factors: SecondFactors
  private let rules: AbuseRules
  private let serviceKeys: ServiceKeys
  private let alerts: Alerts
  private let audit: Audit
  /// Whether two are needed.
  package let areNeeded: Bool

  private static let lifetime: TimeInterval = 24 * 3_600

  package init(_ connection: Connection, _ configuration: Configuration, _ log: Logger) {
    self.connection = connection
    keys = configuration.keys
    accounts = AccountStore(connection: connection, vault: PhoneVault(configuration.keys))
    factors = SecondFactors(connection, configuration)
    support = UserSupport(connection, configuration, log)
    rules = AbuseRules(connection, configuration)
    serviceKeys = ServiceKeys(connection)
    alerts = Alerts(connection, configuration)
    audit = Audit(connection, configuration, log)
    areNeeded = configuration.dualControl
  }

  /// What may be asked for.
  package enum Act: Sendable, Codable {
    case removeFactors(account: String)
    case changeAbuseRules(AbuseRules.Change)
    case createKey(name: String, scopes: [String])

    /// As it is stored and shown.
    package var name: String {
      switch self {
      case .removeFactors: "remove_factors"
      case .changeAbuseRules: "change_abuse_rules"
      case .createKey: "create_api_key"
      }
    }

    /// Who may ask for it, and who may approve it.
    fileprivate var roles: Set<Account.Role> {
      switch self {
      case .removeFactors, .changeAbuseRules: .security
      case .createKey: .administrators
      }
    }

    fileprivate var summary: [String: String] {
      switch self {
      case .removeFactors: [:]
      case .changeAbuseRules(let change): change.summary
      case .createKey(let name, let scopes):
        ["name": name, "scopes": scopes.joined(separator: ",")]
      }
    }
  }

  package typealias ID = Identifier<Approvals>

  /// One that waits.
  package struct Waiting: Sendable {
    package let id: ID
    package let act: Act
    package let target: Account.ID?
    package let reason: String
    package let requestedBy: Account.ID
    package let createdAt: Date
    package let expiresAt: Date
    /// What is asked for, without a whole number.
    package let summary: [String: String]
  }

  /// What came of an act.
  package enum Outcome: Sendable {
    case done
    /// A key's text, shown this once.
    case key(Secret)
    /// Another administrator has to approve it.
    case waits(ID, expiresAt: Date)
  }

  /// Does an act, or asks for its approval.
  package func perform(_ act: Act, _ reason: Reason, by admin: Administrator) throws -> Outcome {
    let target = try target(of: act, by: admin)
    guard areNeeded else {
      return try doing { try run(act, target, reason.text, by: admin) }
    }
    let id = ID(at: admin.at)
    let end = admin.at + Self.lifetime
    let body = try keys.seal(
      Array(JSONEncoder().encode(act)), .approval, context: Self.context(id))
    try connection.transaction {
      try audit.record(
        AuditEvent(
          .approvalRequested, about: target,
          details: act.summary.merging([
            "act": act.name, "approval": "\(id)", "reason": reason.text,
          ]) { $1 }),
        by: admin.actor, at: admin.at)
      try connection.execute(
        """
        INSERT INTO approval (id, act, target_id, body_sealed, reason, requested_by, created_at, expires_at)
        VALUES (\(id), \(act.name), \(target?.id), \(body), \(reason.text), \(admin.account.id), \(admin.at), \(end))
        """)
    }
    return .waits(id, expiresAt: end)
  }

  private static func context(_ id: ID) -> [UInt8] { Array("approval|body|".utf8) + id.bytes }

  /// Those that wait, the oldest first.
  package func list(at now: Date) throws -> [Waiting] {
    try connection.all(
      """
      SELECT id, target_id, body_sealed, reason, requested_by, created_at, expires_at
        FROM approval
       WHERE decided_at IS NULL
         AND expires_at > \(now)
       ORDER BY id
       LIMIT 200
      """
    ).map(waiting)
  }

  private func waiting(_ row: Row) throws -> Waiting {
    let id: ID = try row.id("id")
    let body = try keys.open(row.bytes("body_sealed"), .approval, context: Self.context(id))
    let act = try JSONDecoder().decode(Act.self, from: Data(body))
    return Waiting(
      id: id, act: act,
      target: try row.optionalBytes("target_id").flatMap { Identifier(bytes: $0) },
      reason: try row.text("reason"), requestedBy: try row.id("requested_by"),
      createdAt: try row.time("created_at"), expiresAt: try row.time("expires_at"),
      summary: act.summary)
  }

  /// Approves an act, which does it, or refuses it, which whoever asked may do too.
  ///
  /// - Throws: `not_found`; `own_account` for who asked for it; `role_required` for who may not do it; `approval_over` when
  ///   it was decided, also just now, or has expired.
  package func decide(
    _ id: ID, isApproved: Bool, _ reason: Reason, by admin: Administrator
  ) throws -> Outcome {
    let row = try connection.first(
      """
      SELECT id, target_id, body_sealed, reason, requested_by, created_at, expires_at
        FROM approval
       WHERE id = \(id)
      """)
    guard let waiting = try row.map(waiting) else { throw Rejection(.notFound) }
    guard waiting.act.roles.contains(admin.account.role) else { throw Rejection(.roleRequired) }
    guard !isApproved || waiting.requestedBy != admin.account.id else {
      throw Rejection(.ownAccount)
    }
    // Whoever asked may have been found out since.
    let asked = try accounts.find(waiting.requestedBy)
    let mayAsk = asked.map { waiting.act.roles.contains($0.role) } ?? false
    let isLocked = try accounts.isLocked(waiting.requestedBy)
    guard !isApproved || mayAsk && !isLocked else { throw Rejection(.approvalOver) }
    let target =
      isApproved
      ? try target(of: waiting.act, by: admin)
      : try waiting.target.flatMap { try accounts.find($0) }
    return try doing {
      let decided = try connection.execute(
        """
        UPDATE approval
           SET decided_by = \(admin.account.id), decided_at = \(admin.at), decision = \(isApproved ? "approved" : "rejected")
         WHERE id = \(id)
           AND decided_at IS NULL
           AND expires_at > \(admin.at)
        """)
      guard decided == 1 else { throw Rejection(.approvalOver) }
      try audit.record(
        AuditEvent(
          isApproved ? .approvalGiven : .approvalRefused, about: target,
          details: ["act": waiting.act.name, "approval": "\(id)", "reason": reason.text]),
        by: admin.actor, at: admin.at)
      guard isApproved else { return (.done, {}) }
      return try run(waiting.act, target, waiting.reason, by: admin)
    }
  }

  /// Runs a transaction, and what is left to do after it.
  private func doing(_ body: () throws -> (Outcome, () throws -> Void)) throws -> Outcome {
    let (outcome, finish) = try connection.transaction(body)
    try finish()
    return outcome
  }

  private func target(of act: Act, by admin: Administrator) throws -> Account? {
    guard case .removeFactors(let text) = act else { return nil }
    guard let id = Account.ID(text) else { throw Rejection(.userUnknown) }
    return try support.target(id, of: admin)
  }

  /// Does an act, inside a transaction; what is left is done after it.
  private func run(
    _ act: Act, _ target: Account?, _ reason: String, by admin: Administrator
  ) throws -> (Outcome, () throws -> Void) {
    func record(_ kind: AuditEvent.Kind, _ own: [String: String] = [:]) throws {
      try audit.record(
        AuditEvent(
          kind, about: target,
          details: act.summary.merging(own) { $1 }.merging(["reason": reason]) { $1 }),
        by: admin.actor, at: admin.at)
    }
    switch act {
    case .removeFactors:
      guard let target else { throw Rejection(.userUnknown) }
      try record(.twoFactorRemoved)
      let finish = try factors.removeInTransaction(of: target, at: admin.at)
      try alerts.raise(.factorsRemoved, about: "\(target.id)", at: admin.at)
      return (.done, finish)
    case .changeAbuseRules(let change):
      try record(.abuseRulesChanged)
      try rules.applyInTransaction(
        change, note: String(reason.unicodeScalars.prefix(200)), at: admin.at)
      try alerts.raise(.rulesChanged, about: "by \(admin.account.id)", at: admin.at)
      return (.done, {})
    case .createKey(let name, let scopes):
      let key = try serviceKeys.create(
        name: name, scopes: Set(scopes.compactMap(ServiceKey.Scope.init)), at: admin.at)
      try record(.apiKeyCreated, ["key": key.id])
      try alerts.raise(.keyCreated, about: key.id, at: admin.at)
      return (.key(key.text), {})
    }
  }
}
