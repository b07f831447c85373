import FoundationEssentials

/// Checking an account's password, for a login and for acts that ask for it again.
///
/// The failure is charged before the password is looked at, and taken back when it was right.
struct PasswordCheck {
  private let store: AccountStore
  private let limits: SlidingLimits
  private let keys: KeyRing
  private let settings: Configuration.Limits
  private let alerts: Alerts

  private static let window: TimeInterval = 15 * 60
  private static let sprayWindow: TimeInterval = 10 * 60

  init(_ connection: Connection, _ configuration: Configuration) {
    store = AccountStore(connection: connection, vault: PhoneVault(configuration.keys))
    limits = SlidingLimits(connection, configuration.keys)
    keys = configuration.keys
    settings = configuration.limits
    alerts = Alerts(connection, configuration)
    PasswordHash.share(workers: configuration.workers)
  }

  /// The hash that a password was right for, to see later that it is still the one.
  struct Right {
    fileprivate let hash: [UInt8]
  }

  /// True while the account's password is the one that was right; nobody changes it before the
  /// transaction ends. Compared unsealed: that it was sealed again under another key changes nothing.
  func isStill(_ right: Right, of account: Account.ID) throws -> Bool {
    guard let sealed = try store.lockedPasswordSealed(of: account) else { return false }
    let hash = try keys.open(sealed, .password, context: Account.passwordContext(account))
    return ConstantTime.equal(hash, right.hash)
  }

  /// From where somebody signs in, and so whose failures count against it: strangers elsewhere must
  /// not be able to keep an owner out.
  enum Place {
    /// A device that the account remembers.
    case device(RememberedDevice.ID)
    /// A browser and a network in which the account is used.
    case familiar(Account.ID)
    case elsewhere
  }

  /// Checks the password of a login.
  ///
  /// An unknown address costs a hash all the same, and is limited all the same: nothing tells it
  /// from a wrong password.
  ///
  /// - Parameter emailKey: what the failures of an account are counted under, whether or not there is
  ///   one.
  /// - Throws: `credentials_invalid`; `too_many_attempts`.
  func require(
    _ secret: Secret, of account: Account?, emailKey: String, from place: Place, address: String,
    at now: Date
  ) throws -> Right {
    let count = settings.loginFailuresPerAccount
    let ofAddress: SlidingLimits.Charge = (
      .loginFailuresFrom(address: address), Self.growing(settings.loginFailuresPerAddress)
    )
    // A remembered device not by its address, which it may share with those who fail.
    let charges: [SlidingLimits.Charge] =
      switch place {
      case .device(let device): [(.loginFailuresOn(device: device), Self.growing(count))]
      case .familiar(let account):
        [
          (.familiarLoginFailures(account, address: address), Self.growing(count)),
          (.familiarLoginFailures(account, address: nil), Self.growing(count * 5)), ofAddress,
        ]
      case .elsewhere: [(.loginFailures(emailKey: emailKey), Self.growing(count)), ofAddress]
      }
    return try charged(charges, at: now) {
      try judge(secret, account)
    } failed: { counts in
      // One place an account: what is counted is how many accounts are tried, not how often.
      if counts[0] == 1 { try noteSpray(at: now) }
    }
  }

  /// Checks the password of somebody who is signed in; counted apart from logins, which strangers can
  /// make fail.
  ///
  /// - Throws: `credentials_invalid`; `too_many_attempts`.
  @discardableResult
  func require(_ secret: Secret, of account: Account, at now: Date) throws -> Right {
    let limit = SlidingLimit(settings.loginFailuresPerAccount, per: Self.window)
    return try charged([(.passwordFailures(account.id), [limit])], at: now) {
      try judge(secret, account)
    } failed: { _ in
    }
  }

  /// Failures within a quarter of an hour; who goes on waits longer and longer, up to a day.
  private static func growing(_ count: Int) -> [SlidingLimit] {
    [
      SlidingLimit(count, per: window), SlidingLimit(count * 2, per: 3_600),
      SlidingLimit(count * 4, per: 6 * 3_600), SlidingLimit(count * 8, per: 24 * 3_600),
    ]
  }

  private func charged(
    _ charges: [SlidingLimits.Charge], at now: Date, _ judge: () throws -> Right?,
    failed: ([Int]) throws -> Void
  ) throws -> Right {
    let counts: [Int]
    switch try limits.charge(charges, at: now) {
    case .allowed(let charged): counts = charged
    case .refused(let key, let seconds):
      throw Rejection(.tooManyAttempts, retryAfter: seconds).limited(by: key.name)
    }
    let right: Right?
    do {
      right = try judge()
    } catch {
      // Turned away and not judged: nothing failed.
      try limits.refund(charges)
      throw error
    }
    guard let right else {
      try failed(counts)
      throw Rejection(.credentialsInvalid)
    }
    try limits.refund(charges)
    return right
  }

  /// Notices wrong passwords of many accounts at once: somebody tries what was breached elsewhere.
  private func noteSpray(at now: Date) throws {
    let limit = SlidingLimit(settings.failingAccountsBeforeAlert, per: Self.sprayWindow)
    if case .refused = try limits.charge([(.failingLogins, [limit])], at: now) {
      try alerts.raiseOnce(.credentialSpray, about: String(now.rfc3339.prefix(13)), at: now)
    }
  }

  /// How many accounts, known or not, had a first wrong password within the last ten minutes.
  func failingLogins(at now: Date) throws -> Int {
    let limit = SlidingLimit(settings.failingAccountsBeforeAlert, per: Self.sprayWindow)
    return try limits.count(.failingLogins, limit, at: now)
  }

  private func judge(_ secret: Secret, _ account: Account?) throws -> Right? {
    guard let password = Password(secret) else { return nil }
    let stored = try store.passwordSealed(of: account?.id ?? Account.nobody)
    guard let account, let sealed = stored else {
      try PasswordHash.pretend(password)
      return nil
    }
    let hash = try keys.open(sealed, .password, context: Account.passwordContext(account.id))
    return try PasswordHash.verify(password, hash) ? Right(hash: hash) : nil
  }
}
