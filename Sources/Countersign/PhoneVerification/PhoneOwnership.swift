import FoundationEssentials

/// Whose a number is: what its coming and going does to an account.
struct PhoneOwnership {
  private let accounts: AccountStore
  private let sessions: SessionStore
  private let factors: FactorStore
  private let devices: DeviceStore
  private let challenges: ChallengeStore
  private let notices: SecurityNotices
  private let events: HostEvents
  private let outbox: Outbox
  private let wording: Wording
  private let phones: PhoneVault
  private let coolingOff: TimeInterval

  init(_ connection: Connection, _ configuration: Configuration) {
    phones = PhoneVault(configuration.keys)
    accounts = AccountStore(connection: connection, vault: phones)
    sessions = SessionStore(connection: connection, vault: phones)
    factors = FactorStore(connection: connection)
    devices = DeviceStore(connection: connection)
    challenges = ChallengeStore(connection: connection, phones: phones)
    notices = SecurityNotices(connection, configuration)
    events = HostEvents(connection, configuration)
    outbox = Outbox(connection, configuration)
    wording = Wording(configuration)
    coolingOff = TimeInterval(configuration.limits.coolingOffHours) * 3_600
  }

  // All of it is called inside the transaction that uses the proof up.

  /// Makes a proven number the account's; a verified one that it replaces is told, and large
  /// transfers cool off.
  func adopt(_ number: PhoneNumber, _ account: Account, at now: Date) throws {
    let replaced = account.isPhoneVerified && account.phone != number ? account.phone : nil
    try accounts.setVerifiedPhone(
      of: account.id, sealed: try phones.seal(number, context: Account.phoneContext(account.id)),
      hash: try phones.hash(number), at: now)
    try events.queue(.phoneVerified, about: account.id, at: now)
    if let replaced { try tell(replaced, of: account, at: now) }
  }

  /// Takes a number off whichever other account has verified it.
  ///
  /// That account keeps its data, loses the number as a factor, drops to level 1, and is told by email, since
  /// its phone is the one thing known to be somebody else's.
  func takeFromHolder(_ number: PhoneNumber, for account: Account, at now: Date) throws {
    guard let holder = try accounts.holder(of: try phones.hash(number)), holder.id != account.id
    else { return }
    try accounts.removePhone(of: holder.id)
    let isTwoFactorOff = try loseFactor(holder.id, at: now)
    try sessions.lowerLevel(of: holder.id)
    try outbox.queue(
      OutgoingMessage(
        id: Identifier(at: now), .phoneClaimed, .email, account: holder.id,
        to: .email(holder.email), text: wording.phoneClaimed(number, at: now, holder.language),
        expiresAt: now.addingTimeInterval(72 * 3_600)), at: now)
    if isTwoFactorOff, let account = try accounts.find(holder.id) {
      try notices.queue(.twoFactorDisabled, to: account, at: now)
    }
  }

  /// Tells the verified number that an account has lost, by text and by mail, and lets large
  /// transfers cool off.
  func tellOfRemoval(of account: Account, at now: Date) throws {
    if account.isPhoneVerified, let phone = account.phone { try tell(phone, of: account, at: now) }
  }

  /// Tells a number that an account has lost, or got without a code; what was remembered and could be answered under it
  /// is over.
  func tell(_ lost: PhoneNumber, of account: Account, at now: Date) throws {
    try accounts.coolOff(account.id, until: now + coolingOff)
    try devices.removeAll(of: account.id)
    try challenges.removeAll(of: account.id)
    try notices.queue(.phoneChanged, to: account, phone: lost, at: now)
  }

  /// Takes codes by text message off an account whose number is somebody else's now; without another
  /// factor its two-step login is off, and whoever knows its password is back to that.
  ///
  /// - Returns: whether it was on, and is off now.
  private func loseFactor(_ account: Account.ID, at now: Date) throws -> Bool {
    let bound = try factors.all(of: account).filter { $0.confirmedAt != nil }
    let isOff = bound.contains { $0.kind == .sms } && !bound.contains { $0.kind == .app }
    try factors.remove(.sms, of: account)
    if isOff { try factors.removeAll(of: account) }
    try factors.settlePreferred(of: account)
    try devices.removeAll(of: account)
    try challenges.removeAll(of: account)
    try accounts.coolOff(account, until: now + coolingOff)
    return isOff
  }
}
