import FoundationEssentials

/// The SQL of notifications.
struct NotificationStore {
  let connection: Connection

  func insert(
    _ id: Notification.ID, _ account: Account.ID, _ kind: TransactionEvent.Kind, data: [UInt8],
    _ skipped: [Notification.Skip], at now: Date
  ) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT INTO notification (id, account_id, type, data_sealed, created_at)
      VALUES (\(id), \(account), \(kind.rawValue), \(data), \(now))
      """)
    for skip in skipped {
      try connection.execute(
        """
        INSERT INTO notification_skip (notification_id, channel, reason)
        VALUES (\(id), \(skip.channel.rawValue), \(skip.reason.rawValue))
        """)
    }
  }

  struct Found {
    let id: Notification.ID
    let account: Account.ID
    let kind: TransactionEvent.Kind
    let dataSealed: [UInt8]
    let createdAt: Date
  }

  func find(_ id: Notification.ID) throws -> Found? {
    try connection.first(
      "SELECT id, account_id, type, data_sealed, created_at FROM notification WHERE id = \(id)"
    ).map(found)
  }

  /// An account's own, newest first.
  func list(_ account: Account.ID, before cursor: Notification.ID?, limit: Int) throws -> [Found] {
    try connection.all(
      """
      SELECT id, account_id, type, data_sealed, created_at
        FROM notification
       WHERE account_id = \(account)
         AND id < \(cursor?.bytes ?? Array(repeating: 0xFF, count: 16))
       ORDER BY id DESC
       LIMIT \(limit)
      """
    ).map(found)
  }

  private func found(_ row: Row) throws -> Found {
    guard let kind = TransactionEvent.Kind(rawValue: try row.text("type")) else {
      throw DatabaseError(.undecodable, statement: "notification.type")
    }
    return Found(
      id: try row.id("id"), account: try row.id("account_id"), kind: kind,
      dataSealed: try row.bytes("data_sealed"), createdAt: try row.time("created_at"))
  }

  func skips(of id: Notification.ID) throws -> [Notification.Skip] {
    try connection.all(
      "SELECT channel, reason FROM notification_skip WHERE notification_id = \(id) ORDER BY channel"
    ).compactMap { row in
      guard let channel = OutgoingMessage.Channel(rawValue: try row.text("channel")),
        let reason = Notification.Skip.Reason(rawValue: try row.text("reason"))
      else { return nil }
      return Notification.Skip(channel: channel, reason: reason)
    }
  }

  func messages(of id: Notification.ID) throws -> [Notification.Message] {
    try connection.all(
      """
      SELECT id, channel, status, provider, error_code, failure, attempts, created_at, sent_at, finished_at
        FROM message
       WHERE notification_id = \(id)
       ORDER BY channel DESC
      """
    ).map { row in
      let status = try row.text("status")
      var history = [Notification.Step(status: "queued", at: try row.time("created_at"))]
      if let sent = try row.optionalTime("sent_at") {
        history.append(Notification.Step(status: "sent", at: sent))
      }
      if let finished = try row.optionalTime("finished_at") {
        history.append(Notification.Step(status: status, at: finished))
      }
      return Notification.Message(
        id: try row.id("id"),
        channel: OutgoingMessage.Channel(rawValue: try row.text("channel")) ?? .sms,
        status: status, provider: try row.optionalText("provider"),
        errorCode: try row.optionalText("error_code"), failure: try row.optionalText("failure"),
        attempts: try row.int("attempts"), history: history)
    }
  }

  // MARK: Preferences

  /// What an account has switched off.
  func switchedOff(_ account: Account.ID) throws -> Set<Notification.Preference> {
    Set(
      try connection.all(
        "SELECT type, channel FROM notification_preference WHERE account_id = \(account)"
      ).compactMap { row in
        guard let kind = TransactionEvent.Kind(rawValue: try row.text("type")),
          let channel = OutgoingMessage.Channel(rawValue: try row.text("channel"))
        else { return nil }
        return Notification.Preference(kind: kind, channel: channel)
      })
  }

  func set(_ preference: Notification.Preference, of account: Account.ID, isOn: Bool)
    throws(DatabaseError)
  {
    if isOn {
      try connection.execute(
        """
        DELETE FROM notification_preference
         WHERE account_id = \(account)
           AND type = \(preference.kind.rawValue)
           AND channel = \(preference.channel.rawValue)
        """)
    } else {
      try connection.execute(
        """
        INSERT IGNORE INTO notification_preference (account_id, type, channel)
        VALUES (\(account), \(preference.kind.rawValue), \(preference.channel.rawValue))
        """)
    }
  }
}
