package import FoundationEssentials

/// The SQL of rules about destinations.
package struct DestinationStore {
  let connection: Connection

  package init(connection: Connection) {
    self.connection = connection
  }

  func rules() throws -> DestinationRules {
    var rules = DestinationRules()
    for row in try connection.all("SELECT kind, value, is_allowed FROM destination_rule") {
      let value = try row.bytes("value")
      let text = String(decoding: value, as: UTF8.self)
      switch try row.text("kind") {
      case "country": rules.countries[text] = try row.bool("is_allowed")
      case "type": if let kind = PhoneNumber.Kind(rawValue: text) { rules.types.insert(kind) }
      case "prefix": rules.prefixes.append(text)
      default: rules.numbers.insert(value)
      }
    }
    // The operator's word comes last and stands.
    for row in try connection.all(
      "SELECT country, channel, amount FROM price ORDER BY source = 'operator'")
    {
      guard let channel = OutgoingMessage.Channel(rawValue: try row.text("channel")) else {
        continue
      }
      let priced = DestinationRules.Priced(country: try row.text("country"), channel: channel)
      rules.prices[priced] = try row.int("amount")
    }
    rules.limits = try limits()
    return rules
  }

  /// The limits that administrators have changed, by name.
  func limits() throws -> [String: Int] {
    var limits: [String: Int] = [:]
    for row in try connection.all("SELECT name, value FROM limit_setting") {
      limits[try row.text("name")] = try row.int("value")
    }
    return limits
  }

  // MARK: What an operator changes

  /// Changes a limit; nil takes the change back.
  func setLimit(_ name: String, _ value: Int?, at now: Date) throws(DatabaseError) {
    guard let value else {
      try connection.execute("DELETE FROM limit_setting WHERE name = \(name)")
      return
    }
    try connection.execute(
      """
      INSERT INTO limit_setting (name, value, updated_at)
      VALUES (\(name), \(value), \(now))
          ON DUPLICATE KEY UPDATE value = VALUES(value), updated_at = VALUES(updated_at)
      """)
  }

  /// Sets a rule in place of the one there was.
  package func set(_ rule: DestinationRule, note: String, _ phones: PhoneVault, at now: Date) throws
  {
    try connection.execute(
      """
      INSERT INTO destination_rule (kind, value, value_sealed, is_allowed, note, created_at)
      VALUES (\(rule.kind), \(try rule.value(phones)), \(try rule.sealed(phones)), \(rule.isAllowed), \(note), \(now))
          ON DUPLICATE KEY UPDATE
             value_sealed = VALUES(value_sealed), is_allowed = VALUES(is_allowed), note = IF(VALUES(note) = '', note, VALUES(note)),
             created_at = VALUES(created_at)
      """)
  }

  /// False when there was none.
  package func remove(_ rule: DestinationRule, _ phones: PhoneVault) throws -> Bool {
    try connection.execute(
      "DELETE FROM destination_rule WHERE kind = \(rule.kind) AND value = \(try rule.value(phones))"
    ) == 1
  }

  /// Removes a rule as it is listed.
  func remove(_ listed: Listed) throws(DatabaseError) {
    try connection.execute(
      "DELETE FROM destination_rule WHERE kind = \(listed.kind) AND value = \(listed.key)")
  }

  /// A rule as it is listed; of a number the beginning of its hash, and its end.
  package struct Listed: Sendable {
    package let kind: String
    package let value: String
    package let maskedPhone: String?
    package let isAllowed: Bool
    package let note: String
    fileprivate let key: [UInt8]
  }

  package func list(_ phones: PhoneVault) throws -> [Listed] {
    try connection.all(
      "SELECT kind, value, value_sealed, is_allowed, note FROM destination_rule ORDER BY kind, value"
    ).map { row in
      let kind = try row.text("kind")
      let value = try row.bytes("value")
      return Listed(
        kind: kind,
        value: kind == "number"
          ? Hexadecimal.encode(value.prefix(6)) : String(decoding: value, as: UTF8.self),
        maskedPhone: try row.optionalBytes("value_sealed").flatMap {
          try? phones.open($0, context: DestinationRule.context(value)).masked
        },
        isAllowed: try row.bool("is_allowed"), note: try row.text("note"), key: value)
    }
  }

  /// A price as it is listed.
  package struct ListedPrice: Sendable {
    package let country: String
    package let channel: String
    package let source: String
    /// With all six decimals.
    package let dollars: String
  }

  package func listPrices() throws -> [ListedPrice] {
    try connection.all(
      "SELECT country, channel, source, amount FROM price ORDER BY country, channel, source"
    )
    .map { row in
      let amount = try row.int("amount")
      return ListedPrice(
        country: try row.text("country"), channel: try row.text("channel"),
        source: try row.text("source"),
        dollars: "\(amount / 1_000_000).\(String(1_000_000 + amount % 1_000_000).dropFirst())")
    }
  }

  /// Says what a message to a country costs; nil takes the operator's word back.
  ///
  /// - Parameter amount: in millionths of a US dollar.
  package func setPrice(
    _ amount: Int?, country: String, _ channel: OutgoingMessage.Channel, at now: Date
  ) throws(DatabaseError) {
    guard let amount else {
      try connection.execute(
        "DELETE FROM price WHERE country = \(country) AND channel = \(channel.rawValue) AND source = 'operator'"
      )
      return
    }
    try setPrice(amount, country: country, channel, source: "operator", at: now)
  }

  private func setPrice(
    _ amount: Int, country: String, _ channel: OutgoingMessage.Channel, source: String, at now: Date
  ) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT INTO price (country, channel, source, amount, updated_at)
      VALUES (\(country), \(channel.rawValue), \(source), \(amount), \(now))
          ON DUPLICATE KEY UPDATE amount = VALUES(amount), updated_at = VALUES(updated_at)
      """)
  }

  // MARK: What the provider charges

  /// A message that the provider can be asked about, of a country of which it was not for a day.
  struct Unpriced {
    let country: String
    let channel: OutgoingMessage.Channel
    let sid: String
  }

  /// What was delivered within the last ten minutes to countries whose price is not known, one of each.
  func unpriced(at now: Date) throws -> [Unpriced] {
    try connection.all(
      """
      SELECT m.country, m.channel, MAX(m.provider_sid) AS sid
        FROM message m
        LEFT JOIN price p ON p.country = m.country AND p.channel = m.channel AND p.source = 'provider'
                         AND p.updated_at > \(now - 86_400)
       WHERE m.channel IN ('sms', 'call')
         AND m.queue_lane IS NULL
         AND m.due_at > \(now - 600)
         AND m.status = 'delivered'
         AND m.provider = 'twilio'
         AND m.provider_sid IS NOT NULL
         AND m.country IS NOT NULL
         AND p.country IS NULL
       GROUP BY m.country, m.channel
       LIMIT 16
      """
    ).map { row in
      Unpriced(
        country: try row.text("country"),
        channel: OutgoingMessage.Channel(rawValue: try row.text("channel")) ?? .sms,
        sid: try row.text("sid"))
    }
  }

  /// Notes what the provider charged for a segment. Of a country's networks it is one: no less is noted
  /// than half of what the built-in table says.
  func learn(
    _ amount: Int, country: String, _ channel: OutgoingMessage.Channel, at now: Date
  ) throws(DatabaseError) {
    let least =
      (channel == .call ? MessagePrices.call(country) : MessagePrices.text(country)) / 2
    try setPrice(max(amount, least), country: country, channel, source: "provider", at: now)
  }
}

extension DestinationRule {
  fileprivate var kind: String {
    switch self {
    case .country: "country"
    case .type: "type"
    case .prefix: "prefix"
    case .number: "number"
    }
  }

  fileprivate var isAllowed: Bool {
    if case .country(_, let isAllowed) = self { isAllowed } else { false }
  }

  static func context(_ value: [UInt8]) -> [UInt8] {
    Array("destination_rule|value|".utf8) + value
  }

  /// A number, to be shown masked.
  fileprivate func sealed(_ phones: PhoneVault) throws -> [UInt8]? {
    guard case .number(let number) = self else { return nil }
    return try phones.seal(number, context: Self.context(try phones.hash(number)))
  }

  fileprivate func value(_ phones: PhoneVault) throws -> [UInt8] {
    switch self {
    case .country(let region, _): Array(region.utf8)
    case .type(let kind): Array(kind.rawValue.utf8)
    case .prefix(let digits): Array(digits.utf8)
    case .number(let number): try phones.hash(number)
    }
  }
}
