package import FoundationEssentials

/// Skipping the second step of a login on a device that its owner had remembered.
///
/// The token is random and stored as a hash, counts for one account, and is another after each use.
/// A value that was used before is a copy, and nobody can tell whose: the device is forgotten with
/// all its values, and an operator is told. It never stands in for a factor: the session it helps to
/// open is at level 1 (NIST SP 800-63B section 5.1), and no act that needs a proof takes it for one.
package struct RememberedDevices {
  private let store: DeviceStore
  private let alerts: Alerts

  private static let lifetime: TimeInterval = 30 * 24 * 3_600

  package init(_ connection: Connection, _ configuration: Configuration) {
    store = DeviceStore(connection: connection)
    alerts = Alerts(connection, configuration)
  }

  /// Remembers the device that a login was just completed on; called inside its transaction.
  func remember(_ account: Account.ID, _ client: ClientDescription, at now: Date)
    throws(DatabaseError) -> RememberedDevice.Issued
  {
    let id = RememberedDevice.ID(at: now)
    let secret = Token()
    let end = now + Self.lifetime
    try store.insert(id, account, secret.hash, client, at: now, until: end)
    return RememberedDevice.Issued(
      token: Secret("\(id).\(secret.text.reveal())"), expiresAt: end)
  }

  /// The device that a token belongs to, if the account remembers it; changes nothing.
  func find(_ text: String?, of account: Account.ID, at now: Date) throws(DatabaseError)
    -> RememberedDevice.ID?
  {
    guard let presented = text.flatMap(RememberedDevice.Presented.init),
      try store.isCurrent(presented, account, at: now)
    else { return nil }
    return presented.id
  }

  /// Uses a token in place of a code, and gives the device its next one.
  ///
  /// - Returns: nil when the account remembers no such device.
  func use(_ text: String?, of account: Account.ID, at now: Date) throws
    -> RememberedDevice.Issued?
  {
    guard let presented = text.flatMap(RememberedDevice.Presented.init) else { return nil }
    let secret = Token()
    if try store.rotate(presented, account, to: secret.hash, at: now),
      let end = try store.end(of: presented.id)
    {
      return RememberedDevice.Issued(
        token: Secret("\(presented.id).\(secret.text.reveal())"), expiresAt: end)
    }
    // A value that was once right, or never: either way somebody has what is not theirs.
    if try store.remove(presented.id, of: account, at: now) {
      try alerts.raise(.deviceReused, about: "device \(presented.id)", at: now)
    }
    return nil
  }

  package func list(_ account: Account.ID, at now: Date) throws(DatabaseError) -> [RememberedDevice]
  {
    try store.list(account, at: now)
  }

  /// Forgets one of an account's devices.
  ///
  /// - Throws: `not_found` also for a device of somebody else.
  package func forget(_ id: RememberedDevice.ID, of account: Account.ID, at now: Date) throws {
    guard try store.remove(id, of: account, at: now) else { throw Rejection(.notFound) }
  }
}
