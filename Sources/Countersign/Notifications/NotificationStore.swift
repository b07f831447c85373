import FoundationEssentials

/// The SQL of notifications.
struct NotificationStore {
  let connection: Connection

  func insert(
    _ id: Notification.ID, _ account: Account.ID, _ kind: AccountEvent.Kind, data: [UInt8],
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
    let kind: AccountEvent.Kind
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
    guard let kind = AccountEvent.Kind(rawValue: try row.text("type")) else {
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
      SELECT id, channel, status, provider, error_code, failure, attempts, segments, price, is_price_known, created_at,
             sent_at, finished_at
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
      let isEstimated = try !row.bool("is_price_known")
      let price = try row.optionalInt("price").map {
        Notification.Price(micros: $0, estimated: isEstimated)
      }
      return Notification.Message(
        id: try row.id("id"),
        channel: OutgoingMessage.Channel(rawValue: try row.text("channel")) ?? .sms,
        status: status, provider: try row.optionalText("provider"),
        errorCode: try row.optionalText("error_code"), failure: try row.optionalText("failure"),
        attempts: try row.int("attempts"), segments: try row.optionalInt("segments"), price: price,
        history: history)
    }
  }

  // MARK: Preferences

  func preferences(of account: Account.ID) throws -> NotificationPreferences {
    var preferences = NotificationPreferences()
    for row in try connection.all(
      "SELECT type, channel FROM notification_preference WHERE account_id = \(account)")
    {
      guard let kind = AccountEvent.Kind(rawValue: try row.text("type")),
        let channel = OutgoingMessage.Channel(rawValue: try row.text("channel"))
      else { continue }
      preferences.off.insert(NotificationPreferences.Choice(kind: kind, channel: channel))
    }
    let setting = try connection.first(
      """
      SELECT quiet_from, quiet_until, time_zone, threshold, currency
        FROM notification_setting
       WHERE account_id = \(account)
      """)
    guard let setting else { return preferences }
    if let from = try setting.optionalInt("quiet_from"),
      let until = try setting.optionalInt("quiet_until")
    {
      preferences.quietHours = NotificationPreferences.QuietHours(
        from: from, until: until, timeZone: try setting.text("time_zone"))
    }
    if let amount = try setting.optionalInt("threshold"),
      let currency = try setting.optionalText("currency").flatMap({ Currency($0) })
    {
      preferences.threshold = Money(amount: amount, currency)
    }
    return preferences
  }

  func change(_ change: NotificationPreferences.Change, of account: Account.ID) throws {
    try connection.transaction {
      for (choice, isOn) in change.events { try set(choice, of: account, isOn: isOn) }
      guard change.quietHours != nil || change.threshold != nil else { return }
      try connection.execute(
        "INSERT IGNORE INTO notification_setting (account_id) VALUES (\(account))")
      if let hours = change.quietHours {
        try connection.execute(
          """
          UPDATE notification_setting
             SET quiet_from = \(hours?.from), quiet_until = \(hours?.until), time_zone = \(hours?.timeZone ?? "UTC")
           WHERE account_id = \(account)
          """)
      }
      if let threshold = change.threshold {
        try connection.execute(
          """
          UPDATE notification_setting
             SET threshold = \(threshold?.amount), currency = \(threshold?.currency.code)
           WHERE account_id = \(account)
          """)
      }
    }
  }

  private func set(
    _ choice: NotificationPreferences.Choice, of account: Account.ID, isOn: Bool
  ) throws(DatabaseError) {
    if isOn {
      try connection.execute(
        """
        DELETE FROM notification_preference
         WHERE account_id = \(account)
           AND type = \(choice.kind.rawValue)
           AND channel = \(choice.channel.rawValue)
        """)
    } else {
      try connection.execute(
        """
        INSERT IGNORE INTO notification_preference (account_id, type, channel)
        VALUES (\(account), \(choice.kind.rawValue), \(choice.channel.rawValue))
        """)
    }
  }
}
