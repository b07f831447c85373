package import FoundationEssentials

/// A signed-in caller: the session and the account it belongs to, read together.
package struct Session: Sendable {
  package typealias ID = Identifier<Session>

  package let id: ID
  package let account: Account
  /// Authenticator assurance level (NIST SP 800-63B section 2): 1 after a password, 2 after a
  /// second factor.
  package let level: Int
  /// When its owner proved a password.
  package let openedAt: Date
  /// When a second factor was last proven in it.
  package let factorAt: Date?
  /// The one that raised it to level 2.
  package let factor: Factor?
  /// When it ends unless it is used before.
  package let expiresAt: Date
}

/// A session as its owner sees it in a list.
package struct SessionSummary: Sendable {
  package let id: Session.ID
  package let userAgent: String
  package let address: String
  package let createdAt: Date
  package let lastSeenAt: Date
}

/// A new session's token, shown to its holder once.
package struct IssuedSession: Sendable {
  package let token: Secret
  /// When it ends unless it is used before.
  package let expiresAt: Date
  /// The end that no use moves.
  package let endsAt: Date
}

/// What a session remembers of where it was opened, to show to its owner.
package struct ClientDescription: Sendable {
  package let userAgent: String
  package let address: String

  package init(userAgent: String?, address: String) {
    self.userAgent = String((userAgent ?? "").unicodeScalars.prefix(200))
    self.address = String(address.prefix(45))
  }
}
