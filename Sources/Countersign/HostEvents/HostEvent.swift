import FoundationEssentials

/// Something that the host's backend hears of by a signed POST to its `COUNTERSIGN_EVENTS_URL`.
package enum HostEvent {
  package typealias ID = Identifier<HostEvent>

  /// Who is posted to; the raw value is stored.
  enum Endpoint: String, Sendable {
    case host
    case alerts
  }

  /// The raw value is the public `type`.
  package enum Kind: String, Sendable, CaseIterable {
    case messageDelivered = "message.delivered"
    case messageFailed = "message.failed"
    case phoneVerified = "phone.verified"
    case phoneChanged = "phone.changed"
    case twoFactorEnabled = "two_factor.enabled"
    case twoFactorDisabled = "two_factor.disabled"
    case backupCodeUsed = "two_factor.backup_code_used"
    case passwordChanged = "password.changed"
    case passwordReset = "password.reset"
    case securityAlert = "security.alert"
    /// To whoever watches alerts.
    case alertsRaised = "alerts.raised"

    /// What a notice to an account's owner is to the host.
    init?(_ event: SecurityEvent) {
      switch event {
      case .twoFactorEnabled: self = .twoFactorEnabled
      case .twoFactorDisabled: self = .twoFactorDisabled
      case .backupCodeUsed: self = .backupCodeUsed
      case .passwordChanged: self = .passwordChanged
      case .passwordReset: self = .passwordReset
      case .phoneChanged: self = .phoneChanged
      case .factorDisabled, .codesFailing, .passwordResetForced: self = .securityAlert
      case .newLogin, .backupCodesReplaced: return nil
      }
    }
  }
}

/// Where events for the host are left, in the transaction of what they tell of; the courier posts them.
///
/// Without a `COUNTERSIGN_EVENTS_URL` there is nobody to tell, and nothing is left.
package struct HostEvents {
  private let store: HostEventStore
  private let isOn: Bool

  package init(_ connection: Connection, _ configuration: Configuration) {
    store = HostEventStore(connection: connection)
    isOn = configuration.hostEvents != nil
  }

  /// An event about an account; called inside a transaction.
  func queue(
    _ kind: HostEvent.Kind, about account: Account.ID, _ data: [String: String] = [:], at now: Date
  ) throws {
    var data = data
    data["userId"] = account.description
    try queue(kind, subject: account.bytes, data, at: now)
  }

  /// What became of a message; called inside a transaction.
  func queue(
    _ kind: HostEvent.Kind, about message: OutgoingMessage.ID, _ data: [String: String],
    at now: Date
  ) throws {
    var data = data
    data["messageId"] = message.description
    try queue(kind, subject: message.bytes, data, at: now)
  }

  /// An alert, without what it is about: that may be a person.
  func queue(_ alert: String, severity: String, alert id: [UInt8], at now: Date) throws {
    try queue(
      .securityAlert, subject: id, ["alert": alert, "severity": severity], at: now)
  }

  /// False where there is nobody to tell.
  var isSending: Bool { isOn }

  private struct Body: Encodable {
    let id: HostEvent.ID
    let type: String
    let createdAt: Date
    let data: [String: String]
  }

  private func queue(
    _ kind: HostEvent.Kind, subject: [UInt8], _ data: [String: String], at now: Date
  ) throws {
    guard isOn else { return }
    let id = HostEvent.ID(at: now)
    let body = Body(id: id, type: kind.rawValue, createdAt: now, data: data)
    try store.insert(
      id, kind, subject: subject, body: try Response.json(body).body, at: now)
  }
}
