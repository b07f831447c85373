import FoundationEssentials
package import Logging

/// What administrators do for, and to, people's accounts.
///
/// Each act is written down first in the transaction that does it. Nobody acts on the account they are signed in with, and only
/// the role `admin` on another administrator's.
package struct UserSupport {
  private let connection: Connection
  private let accounts: AccountStore
  private let sessions: SessionStore
  private let devices: DeviceStore
  private let challenges: ChallengeStore
  private let reset: PasswordReset
  private let ownership: PhoneOwnership
  private let notices: SecurityNotices
  private let phones: PhoneVault
  private let events: HostEvents
  private let audit: Audit

  package init(_ connection: Connection, _ configuration: Configuration, _ log: Logger) {
    self.connection = connection
    phones = PhoneVault(configuration.keys)
    events = HostEvents(connection, configuration)
    accounts = AccountStore(connection: connection, vault: phones)
    sessions = SessionStore(connection: connection, vault: phones)
    devices = DeviceStore(connection: connection)
    challenges = ChallengeStore(connection: connection, phones: phones)
    reset = PasswordReset(connection, configuration, breaches: nil)
    ownership = PhoneOwnership(connection, configuration)
    notices = SecurityNotices(connection, configuration)
    audit = Audit(connection, configuration, log)
  }

  /// The account that is acted on.
  ///
  /// - Throws: `user_unknown`; `own_account`; `role_required`.
  func target(_ id: Account.ID, of admin: Administrator) throws -> Account {
    guard let account = try accounts.find(id) else { throw Rejection(.userUnknown) }
    guard account.id != admin.account.id else { throw Rejection(.ownAccount) }
    guard !account.role.isAdministrative || admin.account.role == .admin else {
      throw Rejection(.roleRequired)
    }
    return account
  }

  private func record(
    _ kind: AuditEvent.Kind, _ target: Account, _ reason: Reason, by admin: Administrator,
    _ details: [String: String] = [:]
  ) throws {
    var details = details
    if !reason.text.isEmpty { details["reason"] = reason.text }
    try audit.record(
      AuditEvent(kind, about: target, details: details), by: admin.actor, at: admin.at)
  }

  /// Ends a password, and sends its owner what sets another one.
  ///
  /// - Throws: `phone_not_verified`; `send_limit_reached`; `account_locked`.
  package func forceReset(_ id: Account.ID, _ reason: Reason, by admin: Administrator) throws {
    let account = try target(id, of: admin)
    guard try !accounts.isLocked(id) else { throw Rejection(.accountLocked) }
    try reset.force(account, at: admin.at) {
      try record(.passwordResetForced, account, reason, by: admin)
    }
  }

  /// Calls an account's number verified without a code; its owner is told, and large transfers cool off.
  ///
  /// - Returns: false when it is verified already.
  /// - Throws: `phone_missing`; `phone_in_use`.
  package func verifyPhone(_ id: Account.ID, _ reason: Reason, by admin: Administrator) throws
    -> Bool
  {
    let account = try target(id, of: admin)
    guard let number = account.phone else { throw Rejection(.noPhone) }
    guard !account.isPhoneVerified else { return false }
    try connection.transaction {
      try record(
        .phoneVerified, account, reason, by: admin, ["phone": number.masked])
      do {
        // The owner may have changed it meanwhile.
        guard try accounts.verifyPhone(of: account.id, phones.hash(number), at: admin.at) else {
          throw Rejection(.busy, retryAfter: 1)
        }
      } catch let error as DatabaseError where error.code == .duplicateEntry {
        throw Rejection(.phoneInUse)
      }
      try events.queue(.phoneVerified, about: account.id, at: admin.at)
      try ownership.tell(number, of: account, at: admin.at)
    }
    notices.wakeCourier()
    return true
  }

  /// Ends everything that an account is signed in with.
  package func revokeSessions(_ id: Account.ID, _ reason: Reason, by admin: Administrator) throws {
    let account = try target(id, of: admin)
    try connection.transaction {
      try record(.sessionsRevoked, account, reason, by: admin)
      try endAll(of: account)
    }
  }

  /// Lets nobody sign in with an account, sends it no codes, and ends what it is signed in with.
  ///
  /// - Returns: false when it is locked already.
  package func lock(_ id: Account.ID, _ reason: Reason, by admin: Administrator) throws -> Bool {
    let account = try target(id, of: admin)
    return try connection.transaction {
      // In one transaction neither is there without the other, and what changes nothing is not written down.
      guard try accounts.setLocked(account.id, admin.at) else { return false }
      try record(.accountLocked, account, reason, by: admin)
      try endAll(of: account)
      return true
    }
  }

  /// - Returns: false when it is not locked.
  package func unlock(_ id: Account.ID, _ reason: Reason, by admin: Administrator) throws -> Bool {
    let account = try target(id, of: admin)
    return try connection.transaction {
      guard try accounts.setLocked(account.id, nil) else { return false }
      try record(.accountUnlocked, account, reason, by: admin)
      // What was begun while it was being locked must not come to life.
      try endAll(of: account)
      return true
    }
  }

  private func endAll(of account: Account) throws {
    try sessions.deleteAll(of: account.id)
    try devices.removeAll(of: account.id)
    try challenges.removeAll(of: account.id)
  }
}
