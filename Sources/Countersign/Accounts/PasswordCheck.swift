import FoundationEssentials

/// Checking an account's password, for a login and for acts that ask for it again.
///
/// The failure is charged before the password is looked at, and taken back when it was right.
struct PasswordCheck {
  private let store: AccountStore
  private let limits: SlidingLimits
  private let keys: KeyRing
  private let settings: Configuration.Limits

  private static let window: TimeInterval = 15 * 60

  init(_ connection: Connection, _ configuration: Configuration) {
    store = AccountStore(connection: connection, vault: PhoneVault(configuration.keys))
    limits = SlidingLimits(connection, configuration.keys)
    keys = configuration.keys
    settings = configuration.limits
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

  /// Checks the password of a login.
  ///
  /// An unknown address costs a hash all the same, and is limited all the same: nothing tells it
  /// from a wrong password.
  ///
  /// - Parameters:
  ///   - emailKey: what the failures of an account are counted under, whether or not there is one.
  ///   - device: a device that the account remembers, whose owner gets in however often strangers
  ///     have failed.
  /// - Throws: `credentials_invalid`; `too_many_attempts`.
  func require(
    _ secret: Secret, of account: Account?, emailKey: String, device: RememberedDevice.ID?,
    address: String, at now: Date
  ) throws -> Right {
    let ofAccount =
      device.map { .loginFailuresOn(device: $0) } ?? LimitKey.loginFailures(emailKey: emailKey)
    return try charged(
      [
        (ofAccount, SlidingLimit(settings.loginFailuresPerAccount, per: Self.window)),
        (
          .loginFailuresFrom(address: address),
          SlidingLimit(settings.loginFailuresPerAddress, per: Self.window)
        ),
      ], at: now
    ) { try judge(secret, account) }
  }

  /// Checks the password of somebody who is signed in; counted apart from logins, which strangers can
  /// make fail.
  ///
  /// - Throws: `credentials_invalid`; `too_many_attempts`.
  @discardableResult
  func require(_ secret: Secret, of account: Account, at now: Date) throws -> Right {
    let key = LimitKey.passwordFailures(account.id)
    let limit = SlidingLimit(settings.loginFailuresPerAccount, per: Self.window)
    return try charged([(key, limit)], at: now) { try judge(secret, account) }
  }

  private func charged(
    _ charges: [(key: LimitKey, limit: SlidingLimit)], at now: Date, _ judge: () throws -> Right?
  ) throws -> Right {
    if let seconds = try limits.charge(charges.map { ($0.key, [$0.limit]) }, at: now) {
      throw Rejection(.tooManyAttempts, retryAfter: seconds)
    }
    let right: Right?
    do {
      right = try judge()
    } catch {
      // Turned away and not judged: nothing failed.
      try refund(charges)
      throw error
    }
    guard let right else { throw Rejection(.credentialsInvalid) }
    try refund(charges)
    return right
  }

  private func refund(_ charges: [(key: LimitKey, limit: SlidingLimit)]) throws {
    for charge in charges { try limits.refund(charge.key, charge.limit) }
  }

  private func judge(_ secret: Secret, _ account: Account?) throws -> Right? {
    guard let password = Password(secret) else { return nil }
    guard let account, let sealed = try store.passwordSealed(of: account.id) else {
      try PasswordHash.pretend(password)
      return nil
    }
    let hash = try keys.open(sealed, .password, context: Account.passwordContext(account.id))
    return try PasswordHash.verify(password, hash) ? Right(hash: hash) : nil
  }
}
