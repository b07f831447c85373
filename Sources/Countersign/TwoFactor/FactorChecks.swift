import FoundationEssentials

/// Judging what somebody offers as a second factor: the part that challenges, sessions, and bindings
/// have in common.
///
/// The order is always the same: the try is charged and committed, then compared, and what was right
/// is used up by a guarded change in the transaction of what it gives. So of any number of tries at
/// once no more are compared than are allowed, and one at most succeeds.
struct FactorChecks {
  let store: FactorStore
  private let connection: Connection
  private let keys: KeyRing
  private let limits: SlidingLimits
  private let notices: SecurityNotices
  private let alerts: Alerts
  private let settings: Configuration.Limits
  let apps: HostedApps

  init(_ connection: Connection, _ configuration: Configuration) {
    self.connection = connection
    store = FactorStore(connection: connection)
    keys = configuration.keys
    limits = SlidingLimits(connection, configuration.keys)
    notices = SecurityNotices(connection, configuration)
    alerts = Alerts(connection, configuration)
    settings = configuration.limits
    apps = HostedApps(configuration)
  }

  var failureLimit: FailureLimit { FailureLimit(settings.failedCodesPerHour) }

  // MARK: Secrets

  static func context(row account: [UInt8]) -> [UInt8] { Array("factor|secret|".utf8) + account }

  func seal(_ secret: [UInt8], of account: Account.ID) throws -> [UInt8] {
    try keys.seal(secret, .totp, context: Self.context(row: account.bytes))
  }

  /// Judges the code of a factor's app; nil when it may not be accepted, or not any more.
  ///
  /// - Throws: `HostedCodes.NotJudged`, where a provider has the secret.
  func match(_ code: String, _ factor: FactorRow, of account: Account.ID, at now: Date) throws
    -> AppProof?
  {
    try match(
      code, factor.secret, after: factor.lastStep, factor.usedCodes, of: account, isBinding: false,
      at: now)
  }

  /// The same for the code that confirms a binding.
  func match(
    _ code: String, _ pending: FactorRow.Pending, of account: Account.ID, at now: Date
  ) throws -> AppProof? {
    try match(code, pending.secret, after: 0, [], of: account, isBinding: true, at: now)
  }

  /// A secret that does not open was sealed for another account or with a key that is gone: nothing
  /// matches it, and an operator is told.
  private func match(
    _ code: String, _ secret: AppSecret?, after lastStep: Int, _ usedCodes: [UInt8],
    of account: Account.ID, isBinding: Bool, at now: Date
  ) throws -> AppProof? {
    let sealed: [UInt8]
    switch secret {
    case nil: return nil
    case .hosted(let sid):
      let mac = try apps.mac(code, sid)
      let isUsed = stride(from: 0, to: usedCodes.count, by: mac.count).contains {
        usedCodes[$0...].starts(with: mac)
      }
      guard !isUsed else { return nil }
      return try apps.isRight(code, sid, of: account, isBinding: isBinding) ? .code(mac: mac) : nil
    case .sealed(let bytes): sealed = bytes
    }
    do {
      let secret = try keys.open(sealed, .totp, context: Self.context(row: account.bytes))
      return TOTP.match(Array(code.utf8), secret, after: lastStep, at: now).map(AppProof.step)
    } catch {
      try alerts.raise(.sealedDataUnreadable, about: "factor \(account)", at: now)
      return nil
    }
  }

  // MARK: Trying

  /// Charges a try at a factor outside any challenge.
  ///
  /// - Throws: `too_many_attempts` when the hour's are used up; `code_incorrect` when the factor is
  ///   disabled.
  func charge(_ factor: FactorRow, of account: Account, isBinding: Bool = false, at now: Date)
    throws
  {
    guard
      try store.charge(factor.kind, of: account.id, failureLimit, isBinding: isBinding, at: now)
    else { throw try refusal(factor.kind, factor.failures, of: account, at: now) }
  }

  /// Why a try was not charged, as the caller is told.
  ///
  /// A factor whose hundredth failure was charged by a request that died is disabled here.
  func refusal(_ kind: Factor, _ failures: [UInt8], of account: Account, at now: Date) throws
    -> Rejection
  {
    try tellOwner(kind, of: account, at: now)
    if let seconds = failureLimit.wait(failures, at: now) {
      return Rejection(.tooManyAttempts, retryAfter: seconds).limited(by: "factor-failures")
    }
    return Rejection(.codeUnauthorized)
  }

  /// What a wrong try leads to beside its refusal: the factor is disabled after a hundred in a row,
  /// its owner is told of that and of an hour's tries used up, and a spray of guesses over many
  /// accounts is noticed.
  func failed(_ kind: Factor, _ failures: [UInt8], of account: Account, at now: Date) throws {
    try tellOwner(kind, of: account, at: now)
    // One place an account and hour: what is counted is how many accounts are tried, not how often.
    guard !FailureLimit(1).isReached(failures, at: now) else { return }
    let limit = SlidingLimit(settings.failingAccountsBeforeAlert, per: Self.sprayWindow)
    if case .refused = try limits.charge([(.failingAccounts, [limit])], at: now) {
      try alerts.raiseOnce(.codeSpray, about: String(now.rfc3339.prefix(13)), at: now)
    }
  }

  /// Disables a factor that has failed too often, and tells its owner of that or of an hour's tries
  /// used up, once.
  private func tellOwner(_ kind: Factor, of account: Account, at now: Date) throws {
    let isTold = try connection.transaction {
      if try store.disableIfExhausted(kind, of: account.id, at: now) {
        try notices.queue(.factorDisabled(kind), to: account, at: now)
        return true
      }
      if try store.markOwnerTold(kind, of: account.id, failureLimit, at: now) {
        try notices.queue(.codesFailing(kind), to: account, at: now)
        return true
      }
      return false
    }
    if isTold { notices.wakeCourier() }
  }

  private static let sprayWindow: TimeInterval = 10 * 60

  /// How many accounts had a first wrong code within the last ten minutes.
  func failingAccounts(at now: Date) throws -> Int {
    let limit = SlidingLimit(settings.failingAccountsBeforeAlert, per: Self.sprayWindow)
    return try limits.count(.failingAccounts, limit, at: now)
  }

  /// Uses up what was proven; false when another request did. Called inside the transaction of what
  /// it gives.
  func use(_ proven: ProvenFactor, of account: Account, at now: Date) throws -> Bool {
    switch proven {
    case .sms:
      try store.markSucceeded(.sms, of: account.id)
      return true
    case .app(let proof, let binding):
      return try store.accept(proof, binding, of: account.id)
    case .backup(let code):
      guard try store.markUsed(code, of: account.id, at: now) else { return false }
      try store.markSucceeded(.backup, of: account.id)
      let left = try store.countUnused(of: account.id)
      try notices.queue(.backupCodeUsed(left: left), to: account, at: now)
      return true
    }
  }
}
