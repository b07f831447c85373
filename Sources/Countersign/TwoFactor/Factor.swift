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

/// A factor's row as it was read.
struct FactorRow: Sendable {
  let kind: Factor
  /// Another with each binding.
  let id: AppBinding.ID
  let secretSealed: [UInt8]?
  let confirmedAt: Date?
  let disabledAt: Date?
  let pending: Pending?
  let lastStep: Int
  let failures: [UInt8]

  /// A binding that no code has confirmed yet.
  struct Pending: Sendable {
    let id: AppBinding.ID
    let secretSealed: [UInt8]?
    let until: Date
  }

  /// True when a code of it is worth something.
  var isUsable: Bool { confirmedAt != nil && disabledAt == nil }
}

/// Somebody has a factor: what was judged right and is not used up yet.
enum ProvenFactor: Sendable {
  case sms
  case app(TOTP.Match, of: AppBinding.ID)
  case backup(BackupCode)

  var kind: Factor {
    switch self {
    case .sms: .sms
    case .app: .app
    case .backup: .backup
    }
  }
}
