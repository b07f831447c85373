import FoundationEssentials

/// The SQL of remembered devices, and of from where an account was used before.
struct DeviceStore {
  let connection: Connection

  func insert(
    _ id: RememberedDevice.ID, _ account: Account.ID, _ secretHash: [UInt8],
    _ client: ClientDescription, at now: Date, until end: Date
  ) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT INTO device (id, account_id, secret_hash, user_agent, address, created_at, last_used_at, expires_at)
      VALUES (\(id), \(account), \(secretHash), \(client.userAgent), \(client.address), \(now), \(now), \(end))
      """)
  }

  func isCurrent(_ presented: RememberedDevice.Presented, _ account: Account.ID, at now: Date)
    throws(DatabaseError) -> Bool
  {
    try connection.first(
      """
      SELECT 1 AS current
        FROM device
       WHERE id = \(presented.id)
         AND account_id = \(account)
         AND secret_hash = \(presented.hash)
         AND expires_at > \(now)
      """) != nil
  }

  /// Changes the secret; false unless the one presented is the newest.
  func rotate(
    _ presented: RememberedDevice.Presented, _ account: Account.ID, to secretHash: [UInt8],
    at now: Date
  ) throws(DatabaseError) -> Bool {
    try connection.execute(
      """
      UPDATE device
         SET secret_hash = \(secretHash), last_used_at = \(now)
       WHERE id = \(presented.id)
         AND account_id = \(account)
         AND secret_hash = \(presented.hash)
         AND expires_at > \(now)
      """) == 1
  }

  func end(of id: RememberedDevice.ID) throws(DatabaseError) -> Date? {
    try connection.first("SELECT expires_at FROM device WHERE id = \(id)")?.time("expires_at")
  }

  /// Forgets a device; false when the account remembers no such one any more.
  func remove(_ id: RememberedDevice.ID, of account: Account.ID, at now: Date)
    throws(DatabaseError) -> Bool
  {
    try connection.execute(
      """
      DELETE FROM device
       WHERE id = \(id)
         AND account_id = \(account)
         AND expires_at > \(now)
      """) == 1
  }

  func removeAll(of account: Account.ID) throws(DatabaseError) {
    try connection.execute("DELETE FROM device WHERE account_id = \(account)")
  }

  func list(_ account: Account.ID, at now: Date) throws(DatabaseError) -> [RememberedDevice] {
    var devices: [RememberedDevice] = []
    for row in try connection.all(
      """
      SELECT id, user_agent, address, created_at, last_used_at, expires_at
        FROM device
       WHERE account_id = \(account)
         AND expires_at > \(now)
       ORDER BY last_used_at DESC
       LIMIT 200
      """)
    {
      devices.append(
        RememberedDevice(
          id: try row.id("id"), userAgent: try row.text("user_agent"),
          address: String(decoding: try row.bytes("address"), as: UTF8.self),
          createdAt: try row.time("created_at"), lastUsedAt: try row.time("last_used_at"),
          expiresAt: try row.time("expires_at")))
    }
    return devices
  }

  // MARK: Familiar clients

  /// Notes from where an account is used; true when that is new.
  func markFamiliar(_ hash: [UInt8], _ account: Account.ID, at now: Date) throws(DatabaseError)
    -> Bool
  {
    // One row affected is an insert, two are an update.
    try connection.execute(
      """
      INSERT INTO familiar_client (account_id, hash, last_seen_at)
      VALUES (\(account), \(hash), \(now))
          ON DUPLICATE KEY UPDATE
             last_seen_at = GREATEST(VALUES(last_seen_at), last_seen_at + INTERVAL 1 MICROSECOND)
      """) == 1
  }

  func isFamiliar(_ hash: [UInt8], _ account: Account.ID) throws(DatabaseError) -> Bool {
    try connection.first(
      """
      SELECT 1 AS familiar
        FROM familiar_client
       WHERE account_id = \(account)
         AND hash = \(hash)
      """) != nil
  }

  func hasFamiliar(besides hash: [UInt8], _ account: Account.ID) throws(DatabaseError) -> Bool {
    try connection.first(
      """
      SELECT 1 AS familiar
        FROM familiar_client
       WHERE account_id = \(account)
         AND hash <> \(hash)
       LIMIT 1
      """) != nil
  }

  func purge(at now: Date) throws(DatabaseError) -> Int {
    let forgotten = now.addingTimeInterval(-180 * 24 * 3_600)
    return try connection.execute("DELETE FROM device WHERE expires_at < \(now) LIMIT 10000")
      + connection.execute(
        "DELETE FROM familiar_client WHERE last_seen_at < \(forgotten) LIMIT 10000")
  }
}
