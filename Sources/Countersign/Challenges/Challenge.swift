package import FoundationEssentials

/// A question for a second factor: asked for one purpose, answered once.
///
/// Whoever knows its id may answer it, so the id is a token: 256 random bits, stored as a hash.
package enum Challenge {
  /// How long it waits for an answer, and how long a code sent for it lives.
  static let lifetime: TimeInterval = 10 * 60
  static let maximumTries = 3

  /// What is confirmed; a word of ours or the host's own.
  package struct Purpose: RawRepresentable, Sendable, Equatable {
    package let rawValue: String

    package init(rawValue: String) {
      self.rawValue = rawValue
    }

    package static let login = Purpose(rawValue: "login")
    package static let transfer = Purpose(rawValue: "transfer")
    package static let passwordChange = Purpose(rawValue: "password_change")
    package static let phoneChange = Purpose(rawValue: "phone_change")
    package static let disableTwoFactor = Purpose(rawValue: "disable_2fa")
    package static let backupCodes = Purpose(rawValue: "backup_codes")
    package static let factorChange = Purpose(rawValue: "factor_change")
    /// Only asked by ourselves, of somebody who binds a phone.
    static let enableTwoFactor = Purpose(rawValue: "enable_2fa")

    /// The purpose that a caller names: 1 to 32 lower-case letters, digits, `_`, `-`, and `.`, a letter
    /// first.
    package init?(named text: String) {
      let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
      let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
      guard (1...32).contains(text.utf8.count), let first = text.utf8.first,
        letters.contains(first),
        text.utf8.allSatisfy({
          letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "_")
            || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
        }),
        text != Purpose.enableTwoFactor.rawValue
      else { return nil }
      rawValue = text
    }
  }

  /// Who asked.
  package enum Beginner: Sendable {
    /// Somebody who has just proven a password, and has no session before this is answered.
    case password(address: String)
    case session(Session, address: String)
    case host

    var word: String {
      switch self {
      case .password: "password"
      case .session: "session"
      case .host: "host"
      }
    }

    var isPassword: Bool {
      if case .password = self { true } else { false }
    }

    var session: Session.ID? {
      switch self {
      case .session(let session, _): session.id
      case .password, .host: nil
      }
    }

    /// As it counts where a code is sent to an account.
    func sending(to account: Account.ID) -> SendGuard.Asker {
      switch self {
      case .password(let address), .session(_, let address): .owner(account, address: address)
      case .host: .host(account)
      }
    }
  }

  /// When a challenge's first code is sent.
  package enum FirstCode: Sendable {
    case atOnce
    /// By asking for another; until then there are other ways to answer.
    case whenAskedFor
  }

  /// A challenge that waits for its answer.
  package struct Begun: Sendable {
    /// The `challengeId`, shown this once.
    package let id: Secret
    package let method: Factor
    /// Where the code went, as its owner recognises it.
    package let maskedPhone: String?
    package let expiresAt: Date
    /// False for an app, and where no code may be sent.
    package let isCodeSent: Bool
    /// Seconds until another code may be asked for; or a first one, where that is known.
    package let resendAfter: Int?
    /// At a login with the app: whether a code by text message may be asked for in its place.
    package var canText = false
    /// The limit because of which no code was sent, for the log and for metrics.
    package var limit: String?
  }

  /// What somebody answers with.
  package enum Offer: Sendable {
    /// A code of the challenge's own method.
    case code(String)
    /// A code of the app, whatever the method.
    case appCode(String)
    case backupCode(String)
  }

  /// What an answer gives.
  package enum Outcome: Sendable {
    case login(Account.ID, IssuedSession, RememberedDevice.Issued?)
    case authorization(Secret, expiresAt: Date)
  }
}
