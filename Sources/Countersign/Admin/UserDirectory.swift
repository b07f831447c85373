package import FoundationEssentials

/// Finding accounts, and what administrators see of one: nothing secret, and of a number its end.
package struct UserDirectory {
  private let connection: Connection
  private let phones: PhoneVault
  private let factors: FactorStore
  private let sessions: Sessions
  private let devices: DeviceStore
  private let defaultRegion: String

  package init(_ connection: Connection, _ configuration: Configuration) {
    self.connection = connection
    phones = PhoneVault(configuration.keys)
    factors = FactorStore(connection: connection)
    sessions = Sessions(connection, configuration)
    devices = DeviceStore(connection: connection)
    defaultRegion = configuration.defaultRegion
  }

  /// An account in a list.
  package struct User: Sendable {
    package let account: Account
    package let externalID: String?
    package let lockedAt: Date?
  }

  /// An account by itself.
  package struct Details: Sendable {
    package let user: User
    package let factors: [(kind: Factor, confirmedAt: Date, disabledAt: Date?)]
    package let backupCodesLeft: Int
    package let sessions: [SessionSummary]
    package let devices: [RememberedDevice]
  }

  /// Accounts whose id, external id, verified number, or the beginning of whose email address or name is what is looked for; the
  /// newest ones when that is nothing.
  package func search(_ text: String, before cursor: Account.ID?, limit: Int) throws -> [User] {
    let end = cursor.map { $0.bytes } ?? Array(repeating: 0xFF, count: 16)
    if text.isEmpty { return try users(["id < \(end)"], limit) }
    if let id = Account.ID(text) { return try users(["id = \(id)", "id < \(end)"], limit) }
    // Each is found by an index of its own, and none of them is read further than the page is long.
    let key = text.lowercased()
    var found: [SQL] = [
      "SELECT id FROM account WHERE external_id = \(Array(text.utf8))",
      """
      (SELECT id
         FROM account
        WHERE email_key >= \(Array(key.utf8))
          AND email_key < \(Array(key.utf8) + [0xFF])
          AND id < \(end)
        ORDER BY email_key
        LIMIT \(Self.looked))
      """,
      """
      (SELECT id
         FROM account
        WHERE name_key LIKE \(Self.prefix(key))
          AND id < \(end)
        ORDER BY name_key
        LIMIT \(Self.looked))
      """,
    ]
    if let number = PhoneNumber(text, region: defaultRegion) {
      found.append(
        "SELECT id FROM account WHERE verified_phone_hash = \(try phones.hash(number))")
    }
    return try users(
      ["id IN (SELECT id FROM (\(union: found)) AS found)", "id < \(end)"], limit)
  }

  /// So many that begin with what is looked for are put in order.
  private static let looked = 1_000

  /// A pattern of what begins with a text.
  private static func prefix(_ text: String) -> String {
    var pattern = ""
    for character in text.unicodeScalars {
      if character == "%" || character == "_" || character == "\\" { pattern += "\\" }
      pattern.unicodeScalars.append(character)
    }
    return pattern + "%"
  }

  private func users(_ conditions: [SQL], _ limit: Int) throws -> [User] {
    try connection.all(
      """
      SELECT id, email, name, locale, region, currency, role, second_factor, phone_sealed, phone_verified_at,
             cooling_off_until, created_at, external_id, locked_at
        FROM account
       WHERE \(all: conditions)
       ORDER BY id DESC
       LIMIT \(limit)
      """
    ).map { row in
      User(
        account: try Account(row, phones),
        externalID: try row.optionalBytes("external_id").map {
          String(decoding: $0, as: UTF8.self)
        },
        lockedAt: try row.optionalTime("locked_at"))
    }
  }

  /// An account as it is written down; nil when there is none.
  package func target(_ id: Account.ID) throws -> AuditEvent.Target? {
    try users(["id = \(id)"], 1).first.map { AuditEvent.Target($0.account) }
  }

  /// - Throws: `user_unknown`.
  package func find(_ id: Account.ID, at now: Date) throws -> Details {
    guard let user = try users(["id = \(id)"], 1).first else { throw Rejection(.userUnknown) }
    let bound = try factors.all(of: id).compactMap { factor in
      factor.confirmedAt.map { (factor.kind, $0, factor.disabledAt) }
    }
    return Details(
      user: user, factors: bound.filter { $0.0 != .backup },
      backupCodesLeft: try factors.countUnused(of: id), sessions: try sessions.list(id, at: now),
      devices: try devices.list(id, at: now))
  }
}
