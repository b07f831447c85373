import FoundationEssentials

/// A kind of second factor; the raw value is stored and shown.
package enum Factor: String, Sendable, Codable, CaseIterable {
  /// A code by text message or call to the account's verified number.
  case sms
  /// A code of an authenticator app (`TOTP`).
  case app
  /// One of the codes written down when a factor was turned on.
  case backup

  /// A factor that can be guessed is disabled after so many failures in a row, over any time: NIST SP
  /// 800-63B section 3.2.2. Backup codes cannot be, and stay the way in for an owner whose other factors
  /// somebody has worn out.
  static let maximumFailuresInRow = 100
}

/// What an app's codes are judged by.
enum AppSecret: Sendable {
  /// The secret itself, sealed for its account.
  case sealed([UInt8])
  /// A provider has it, and knows the app by this id.
  case hosted(sid: String)

  var sealed: [UInt8]? {
    if case .sealed(let bytes) = self { bytes } else { nil }
  }

  var sid: String? {
    if case .hosted(let sid) = self { sid } else { nil }
  }
}

/// An app's code that was right, and how it is known again.
enum AppProof: Sendable {
  case step(TOTP.Match)
  /// The MAC of a code that a provider approved, which does not tell its step.
  case code(mac: [UInt8])
}

/// A factor's row as it was read.
struct FactorRow: Sendable {
  let kind: Factor
  /// Another with each binding.
  let id: AppBinding.ID
  let secret: AppSecret?
  let confirmedAt: Date?
  let disabledAt: Date?
  let pending: Pending?
  let lastStep: Int
  /// MACs of the last codes that a provider approved, newest first.
  let usedCodes: [UInt8]
  let failures: [UInt8]

  /// A binding that no code has confirmed yet.
  struct Pending: Sendable {
    let id: AppBinding.ID
    let secret: AppSecret?
    let until: Date
  }

  /// True when a code of it is worth something.
  var isUsable: Bool { confirmedAt != nil && disabledAt == nil }
}

/// Somebody has a factor: what was judged right and is not used up yet.
enum ProvenFactor: Sendable {
  case sms
  case app(AppProof, of: AppBinding.ID)
  case backup(BackupCode)

  var kind: Factor {
    switch self {
    case .sms: .sms
    case .app: .app
    case .backup: .backup
    }
  }
}
