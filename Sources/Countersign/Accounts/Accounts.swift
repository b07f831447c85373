package import FoundationEssentials

/// Opening accounts, signing in, and what an owner changes about an account.
package struct Accounts {
  private let connection: Connection
  private let store: AccountStore
  private let sessions: Sessions
  private let verification: PhoneVerification
  private let ownership: PhoneOwnership
  private let proofs: PhoneProofs
  private let passwords: PasswordCheck
  private let challenges: Challenges
  private let challengeStore: ChallengeStore
  private let authorizations: Authorizations
  private let factors: FactorStore
  private let devices: RememberedDevices
  private let deviceStore: DeviceStore
  private let familiar: FamiliarClients
  private let notices: SecurityNotices
  private let phones: PhoneVault
  private let keys: KeyRing
  private let rules: PasswordRules
  private let destinations: Destinations
  private let defaultRegion: String

  package init(
    _ connection: Connection, _ configuration: Configuration, breaches: BreachedPasswords?
  ) {
    self.connection = connection
    phones = PhoneVault(configuration.keys)
    store = AccountStore(connection: connection, vault: phones)
    sessions = Sessions(connection, configuration)
    verification = PhoneVerification(connection, configuration)
    ownership = PhoneOwnership(connection, configuration)
    proofs = PhoneProofs(store: VerificationStore(connection: connection), phones: phones)
    passwords = PasswordCheck(connection, configuration)
    challenges = Challenges(connection, configuration)
    challengeStore = ChallengeStore(connection: connection, phones: phones)
    authorizations = Authorizations(connection)
    factors = FactorStore(connection: connection)
    devices = RememberedDevices(connection, configuration)
    deviceStore = DeviceStore(connection: connection)
    familiar = FamiliarClients(connection, configuration)
    notices = SecurityNotices(connection, configuration)
    keys = configuration.keys
    rules = PasswordRules(productName: configuration.productName, breaches: breaches)
    destinations = Destinations(connection, configuration)
    defaultRegion = configuration.defaultRegion
  }

  // MARK: Registration

  /// Somebody who wants an account.
  package struct Registration: Sendable {
    package let email: EmailAddress
    package let password: Secret
    package let profile: Profile
    package let phone: PhoneNumber?
    package let phoneProof: Token?

    package init(
      email: EmailAddress, password: Secret, profile: Profile, phone: PhoneNumber?,
      phoneProof: Token?
    ) {
      self.email = email
      self.password = password
      self.profile = profile
      self.phone = phone
      self.phoneProof = phoneProof
    }
  }

  /// What an owner may say about an account; nil for what is left as it is.
  package struct Profile: Sendable {
    package var name: String?
    package var locale: String?
    package var region: String?
    package var currency: String?

    package init(
      name: String? = nil, locale: String? = nil, region: String? = nil, currency: String? = nil
    ) {
      self.name = name
      self.locale = locale
      self.region = region
      self.currency = currency
    }
  }

  /// Opens an account and a session.
  ///
  /// - Throws: `email_taken`; `password_rejected`; `phone_token_invalid`; `phone_in_use`, only to
  ///   who has proven the number.
  package func register(
    _ registration: Registration, _ client: ClientDescription, at now: Date
  ) throws -> (account: Account.ID, session: IssuedSession, isPhoneVerified: Bool) {
    let proven = try registration.phoneProof.map { try proofs.number(provenBy: $0, at: now) }
    if let proven, let phone = registration.phone, proven != phone {
      throw Rejection(.phoneTokenInvalid)
    }
    let password = try rules.check(
      registration.password,
      context: [
        registration.email.text, registration.profile.name ?? "", registration.phone?.e164 ?? "",
      ])
    guard try !store.isTaken(registration.email) else { throw Rejection(.emailTaken) }
    let id = Account.ID(at: now)
    let new = AccountStore.New(
      id: id, email: registration.email,
      passwordSealed: try keys.seal(
        PasswordHash.make(password), .password, context: Account.passwordContext(id)),
      name: registration.profile.name, locale: registration.profile.locale ?? "en",
      region: registration.profile.region ?? defaultRegion,
      currency: registration.profile.currency ?? "USD",
      externalID: nil)
    let session = try connection.transaction {
      do {
        try store.insert(new, at: now)
      } catch let error as DatabaseError where error.code == .duplicateEntry {
        throw Rejection(.emailTaken)
      }
      if let number = proven ?? registration.phone {
        let sealed = try phones.seal(number, context: Account.phoneContext(id))
        let hash = try phones.hash(number)
        if let proof = registration.phoneProof {
          try proofs.use(proof, at: now)
          do {
            try store.setVerifiedPhone(of: id, sealed: sealed, hash: hash, at: now)
          } catch let error as DatabaseError where error.code == .duplicateEntry {
            throw Rejection(.phoneInUse)
          }
        } else {
          try store.setUnverifiedPhone(of: id, sealed: sealed, hash: hash)
        }
      }
      try familiar.noteFirst(id, client, at: now)
      return try sessions.open(id, client, at: now)
    }
    return (id, session, proven != nil)
  }

  /// Makes an administrator, from the command line of the machine.
  ///
  /// - Parameter record: writes it down, inside the transaction that makes the account.
  package func createAdministrator(
    _ email: EmailAddress, _ secret: Secret, _ role: Account.Role, at now: Date,
    record: (Account) throws -> Void
  ) throws -> Account.ID {
    let password = try rules.check(secret, context: [email.text])
    let id = Account.ID(at: now)
    let sealed = try keys.seal(
      PasswordHash.make(password), .password, context: Account.passwordContext(id))
    try connection.transaction {
      do {
        try store.insert(
          AccountStore.New(
            id: id, email: email, passwordSealed: sealed, name: nil, locale: "en",
            region: defaultRegion, currency: "USD", externalID: nil), at: now)
      } catch let error as DatabaseError where error.code == .duplicateEntry {
        throw Rejection(.emailTaken)
      }
      try store.setRole(of: id, role)
      if let account = try store.find(id) { try record(account) }
    }
    return id
  }

  // MARK: Signing in

  /// What a right password opens.
  package enum SignIn: Sendable {
    /// A session, and the next token of the device that was remembered.
    case session(Account.ID, IssuedSession, RememberedDevice.Issued?)
    /// A login that waits for its second step.
    case pending(Challenge.Begun)
  }

  /// Checks an email address and a password, and opens a session, or asks for the second factor.
  ///
  /// On a device that the account remembers the second step is skipped, and the session is at level
  /// 1; an administrator has no such device.
  ///
  /// - Parameter device: the remembered device's token, as the caller sent it.
  /// - Throws: `credentials_invalid`; `too_many_attempts`.
  package func signIn(
    email text: String, _ secret: Secret, device: String?, _ client: ClientDescription,
    address: String, at now: Date
  ) throws -> SignIn {
    let email = EmailAddress(text)
    let account = try email.flatMap { try store.find($0) }
    let remembered = try account.flatMap { try devices.find(device, of: $0.id, at: now) }
    let isFamiliar = try familiar.isFamiliar(client, to: account?.id)
    let place: PasswordCheck.Place =
      if let remembered { .device(remembered) } else if let account, isFamiliar {
        .familiar(account.id)
      } else { .elsewhere }
    let right = try passwords.require(
      secret, of: account, emailKey: email?.key ?? "", from: place, address: address, at: now)
    guard let account else { throw Rejection(.credentialsInvalid) }
    let signIn: SignIn? = try connection.transaction {
      // Checking takes long enough for the password to be changed meanwhile, and a session that the
      // old one opens would outlive the change.
      guard try passwords.isStill(right, of: account.id) else {
        throw Rejection(.credentialsInvalid)
      }
      // Nobody is told: it would say that the password is right.
      guard try !store.isLocked(account.id) else { throw Rejection(.credentialsInvalid) }
      var next: RememberedDevice.Issued?
      // As it is now: a factor may have been turned on meanwhile, too.
      if try store.secondFactor(of: account.id) != nil {
        next =
          account.role.isAdministrative ? nil : try devices.use(device, of: account.id, at: now)
        guard next != nil else { return nil }
      }
      let session = try sessions.open(account.id, role: account.role, client, at: now)
      try familiar.note(account, client, at: now)
      return .session(account.id, session, next)
    }
    if let signIn {
      verification.wakeCourier()
      return signIn
    }
    guard let current = try store.find(account.id) else { throw Rejection(.credentialsInvalid) }
    let begun: Challenge.Begun
    do {
      begun = try challenges.begin(
        .login, for: current, by: .password(address: address), at: now)
    } catch let rejection as Rejection where rejection.reason == .noSecondFactor {
      // Turned off, or its number lost, since it was looked at: the next try sees that.
      throw Rejection(.busy, retryAfter: 1)
    }
    // A change of the password ends what was pending then; what it could not see is ended here.
    guard try passwords.isStill(right, of: account.id) else {
      try challengeStore.removeAll(of: account.id)
      throw Rejection(.credentialsInvalid)
    }
    return .pending(begun)
  }

  /// How many accounts, known or not, had a first wrong password within the last ten minutes.
  package func failingLogins(at now: Date) throws -> Int { try passwords.failingLogins(at: now) }

  // MARK: What an owner changes

  /// Changes the password; all other sessions, remembered devices, and pending challenges end.
  ///
  /// - Parameter authorization: for the purpose `password_change`, which an account with a second
  ///   factor needs.
  /// - Throws: `credentials_invalid` when the current one is wrong; `too_many_attempts`;
  ///   `password_rejected`; `step_up_required`.
  package func changePassword(
    _ session: Session, from current: Secret, to new: Secret, _ authorization: Secret?,
    at now: Date
  ) throws {
    let account = session.account
    let right = try passwords.require(current, of: account, at: now)
    let chosen: Password
    do {
      chosen = try rules.check(
        new, context: [account.email, account.name ?? "", account.phone?.e164 ?? ""])
    } catch {
      throw error.reason == .passwordRejected ? error.naming("newPassword") : error
    }
    let sealed = try keys.seal(
      PasswordHash.make(chosen), .password, context: Account.passwordContext(account.id))
    try connection.transaction {
      guard try passwords.isStill(right, of: account.id) else {
        throw Rejection(.credentialsInvalid)
      }
      guard try sessions.isLive(session.id, at: now) else { throw Rejection(.unauthenticated) }
      try authorizations.require(authorization, for: .passwordChange, of: account, at: now)
      try store.setPassword(of: account.id, sealed: sealed)
      try sessions.endOthers(than: session)
      try deviceStore.removeAll(of: account.id)
      try challengeStore.removeAll(of: account.id)
      try notices.queue(.passwordChanged, to: account, at: now)
    }
    notices.wakeCourier()
  }

  /// Ends all of an account's sessions but the caller's, and whatever could open another without the
  /// second factor: remembered devices and pending logins.
  package func endOtherSessions(than session: Session) throws {
    try connection.transaction {
      try sessions.endOthers(than: session)
      try deviceStore.removeAll(of: session.account.id)
      try challengeStore.removeAll(of: session.account.id)
    }
  }

  /// Changes what the profile names, and returns the account as it is then.
  package func update(_ account: Account, _ profile: Profile) throws -> Account {
    try store.setProfile(
      of: account.id, name: profile.name, locale: profile.locale, region: profile.region,
      currency: profile.currency)
    guard let updated = try store.find(account.id) else { throw Rejection(.unauthenticated) }
    return updated
  }

  /// The second factors that an account can use, not counting backup codes; the app first. One that was
  /// disabled is none until it is bound again.
  package func secondFactors(of id: Account.ID) throws -> [Factor] {
    try factors.all(of: id)
      .filter { $0.isUsable && $0.kind != .backup }
      .map(\.kind)
      .sorted { $0 == .app && $1 != .app }
  }

  /// Takes the number off an account; a verified one is told, and large transfers cool off, as when
  /// it is replaced.
  ///
  /// - Throws: `phone_is_second_factor`; `step_up_required`.
  package func removePhone(of account: Account, _ authorization: Secret?, at now: Date) throws {
    try connection.transaction {
      if try factors.find(.sms, of: account.id)?.confirmedAt != nil {
        throw Rejection(.phoneIsSecondFactor)
      }
      try authorizations.require(authorization, for: .phoneChange, of: account, at: now)
      try store.removePhone(of: account.id)
      try ownership.tellOfRemoval(of: account, at: now)
    }
    verification.wakeCourier()
  }

  // MARK: Mirrored users

  /// Makes or updates the account of a user that the host keeps itself.
  ///
  /// - Parameter phone: as written; a national number is read in the account's region.
  /// - Returns: the account, and whether it is new.
  /// - Throws: `external_id_taken` when another account has the email address.
  package func mirror(
    externalID: String, email: EmailAddress, phone: String?, _ profile: Profile, at now: Date
  ) throws -> (id: Account.ID, isNew: Bool) {
    do {
      return try mirrorOnce(externalID: externalID, email: email, phone: phone, profile, at: now)
    } catch let error as DatabaseError where error.code == .duplicateEntry {
      // Either the email address is another account's, or the same user was made by a request at
      // the same time: then there is somebody to update now.
      guard try store.findID(externalID: externalID) != nil else {
        throw Rejection(.externalIDTaken)
      }
    }
    do {
      return try mirrorOnce(externalID: externalID, email: email, phone: phone, profile, at: now)
    } catch let error as DatabaseError where error.code == .duplicateEntry {
      throw Rejection(.externalIDTaken)
    }
  }

  private func mirrorOnce(
    externalID: String, email: EmailAddress, phone: String?, _ profile: Profile, at now: Date
  ) throws -> (id: Account.ID, isNew: Bool) {
    try connection.transaction {
      let known = try store.findID(externalID: externalID)
      let id = known ?? Account.ID(at: now)
      var region = profile.region ?? defaultRegion
      if let known, let account = try store.find(known) {
        region = profile.region ?? account.region
        try store.setEmail(of: known, email)
        try store.setProfile(
          of: known, name: profile.name, locale: profile.locale, region: profile.region,
          currency: profile.currency)
      } else {
        try store.insert(
          AccountStore.New(
            id: id, email: email, passwordSealed: nil, name: profile.name,
            locale: profile.locale ?? "en", region: region, currency: profile.currency ?? "USD",
            externalID: externalID), at: now)
      }
      if let phone {
        let number = try destinations.number(phone, region: region)
        try store.setUnverifiedPhone(
          of: id, sealed: try phones.seal(number, context: Account.phoneContext(id)),
          hash: try phones.hash(number))
      }
      return (id, known == nil)
    }
  }
}
