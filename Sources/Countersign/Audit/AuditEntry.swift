package import FoundationEssentials

/// Something that an administrator did or looked at, as it is written down.
package struct AuditEvent: Sendable {
  package let kind: Kind
  /// The account it is about.
  package var target: Target?
  /// Why, in the administrator's own words; what was done to what. Never a code, a key, or a whole number.
  package var details: [String: String]

  package struct Target: Sendable {
    package let id: Account.ID
    package let email: String

    package init(_ account: Account) {
      self.init(id: account.id, email: account.email)
    }

    package init(id: Account.ID, email: String) {
      self.id = id
      self.email = email
    }
  }

  package init(_ kind: Kind, about target: Account?, details: [String: String] = [:]) {
    self.init(kind, about: target.map(Target.init), details: details)
  }

  package init(_ kind: Kind, about target: Target? = nil, details: [String: String] = [:]) {
    self.kind = kind
    self.target = target
    self.details = details
  }

  /// The raw value is stored and shown.
  package enum Kind: String, Sendable {
    case passwordResetForced = "password_reset_forced"
    case phoneVerified = "phone_verified"
    case twoFactorRemoved = "two_factor_removed"
    case sessionsRevoked = "sessions_revoked"
    case accountLocked = "account_locked"
    case accountUnlocked = "account_unlocked"
    case usersSearched = "users_searched"
    case userViewed = "user_viewed"
    case messagesViewed = "messages_viewed"
    case messagesExported = "messages_exported"
    case numberRevealed = "number_revealed"
    case securityLogViewed = "security_log_viewed"
    case securityLogExported = "security_log_exported"
    case alertResolved = "alert_resolved"
    case abuseRulesChanged = "abuse_rules_changed"
    case providerTested = "provider_tested"
    case apiKeyCreated = "api_key_created"
    case apiKeyRevoked = "api_key_revoked"
    case approvalRequested = "approval_requested"
    case approvalGiven = "approval_given"
    case approvalRefused = "approval_refused"
    case administratorCreated = "administrator_created"
    case destinationChanged = "destination_changed"

    package var severity: String {
      switch self {
      case .usersSearched, .userViewed, .messagesViewed, .securityLogViewed, .providerTested,
        .alertResolved:
        "info"
      case .passwordResetForced, .sessionsRevoked, .accountLocked, .accountUnlocked,
        .messagesExported, .numberRevealed, .securityLogExported, .approvalRequested,
        .approvalGiven, .approvalRefused, .apiKeyRevoked:
        "warning"
      case .phoneVerified, .twoFactorRemoved, .abuseRulesChanged, .apiKeyCreated,
        .administratorCreated, .destinationChanged:
        "critical"
      }
    }

    /// One sentence for a person.
    package var sentence: String {
      switch self {
      case .passwordResetForced: "Ended a password and sent a code to set another one."
      case .phoneVerified: "Called a phone number verified without a code."
      case .twoFactorRemoved: "Removed an account's second factors."
      case .sessionsRevoked: "Ended all sessions of an account."
      case .accountLocked: "Locked an account."
      case .accountUnlocked: "Unlocked an account."
      case .usersSearched: "Looked for accounts."
      case .userViewed: "Looked at an account."
      case .messagesViewed: "Looked at messages."
      case .messagesExported: "Took messages away as CSV."
      case .numberRevealed: "Looked at a whole phone number."
      case .securityLogViewed: "Looked at the security log."
      case .securityLogExported: "Took the security log away."
      case .alertResolved: "Resolved an alert."
      case .abuseRulesChanged: "Changed where codes may go and how many."
      case .providerTested: "Asked a provider whether it is there."
      case .apiKeyCreated: "Made a service key."
      case .apiKeyRevoked: "Revoked a service key."
      case .approvalRequested: "Asked for a second administrator's approval."
      case .approvalGiven: "Approved what another administrator asked for."
      case .approvalRefused: "Refused what another administrator asked for."
      case .administratorCreated: "Made an administrator."
      case .destinationChanged: "Changed where codes may go, or what they cost."
      }
    }
  }
}

/// Who is written down with an act.
package struct AuditActor: Sendable {
  /// Nil for the operator at the machine.
  package let id: Account.ID?
  package let email: String
  package let address: String
  package let requestID: String

  package init(id: Account.ID?, email: String, address: String, requestID: String) {
    self.id = id
    self.email = email
    self.address = address
    self.requestID = requestID
  }

  /// Whoever runs the operator's program, by the name they have on the machine.
  package static var operatorAtMachine: AuditActor {
    AuditActor(id: nil, email: "operator \(SystemUser.name)", address: "", requestID: "")
  }
}

/// An entry as it stands in the chain.
package struct AuditEntry: Sendable {
  package let sequence: Int
  package let at: Date
  package let event: String
  package let severity: String
  package let adminID: Account.ID?
  package let adminEmail: String
  package let targetID: Account.ID?
  package let targetEmail: String?
  package let description: String
  /// JSON, as it is covered by the MAC.
  package let metadata: String
  package let address: String
  package let requestID: String
  let keyID: UInt32
  let previous: [UInt8]
  let mac: [UInt8]

  /// What the MAC covers, with a mark for what is there and what is NULL.
  ///
  /// - Parameter sequence: its place in the chain, or another one that is tried.
  func fields(at sequence: Int) -> [[UInt8]] {
    func optional(_ bytes: [UInt8]?) -> [UInt8] { bytes.map { [1] + $0 } ?? [0] }
    return [
      Array("\(sequence)".utf8), Array("\(at.microseconds)".utf8),
      Array(event.utf8), Array(severity.utf8), optional(adminID?.bytes), Array(adminEmail.utf8),
      optional(targetID?.bytes), optional(targetEmail.map { Array($0.utf8) }),
      Array(description.utf8), Array(metadata.utf8), Array(address.utf8), Array(requestID.utf8),
      Array("\(keyID)".utf8), previous,
    ]
  }
}

/// A place in the chain, to be kept elsewhere: whoever can rewrite the table cannot rewrite this.
package struct AuditAnchor: Sendable, Equatable, CustomStringConvertible {
  package let sequence: Int
  package let mac: [UInt8]

  package init(sequence: Int, mac: [UInt8]) {
    self.sequence = sequence
    self.mac = mac
  }

  /// Reads `12:00ff…`.
  package init?(_ text: String) {
    let parts = text.split(separator: ":")
    guard parts.count == 2, let sequence = Int(parts[0]), sequence >= 0,
      let mac = Hexadecimal.decode(parts[1]), mac.count == 32
    else { return nil }
    self.init(sequence: sequence, mac: mac)
  }

  package var description: String { "\(sequence):\(Hexadecimal.encode(mac))" }
}
