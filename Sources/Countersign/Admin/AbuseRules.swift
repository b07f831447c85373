import FoundationEssentials

/// Where codes may go and how many, as administrators change it while everything runs; in force everywhere within a second.
package struct AbuseRules {
  private let connection: Connection
  private let destinations: DestinationStore
  private let phones: PhoneVault
  private let configuration: Configuration

  package init(_ connection: Connection, _ configuration: Configuration) {
    self.connection = connection
    destinations = DestinationStore(connection: connection)
    phones = PhoneVault(configuration.keys)
    self.configuration = configuration
  }

  /// The rules as they are.
  package struct Shown: Sendable {
    /// Those of the configuration; nil for all.
    package let configuredCountries: [String]?
    package let rules: [DestinationStore.Listed]
    /// In force, by name.
    package let limits: [String: Int]
    /// Of those, the ones that are not the configuration's.
    package let changedLimits: [String]
  }

  package func show() throws -> Shown {
    let changed = try destinations.limits()
    return Shown(
      configuredCountries: configuration.allowedCountries.list,
      rules: try destinations.list(phones),
      limits: configuration.limits.replacing(changed).adjustable,
      changedLimits: changed.keys.sorted())
  }

  /// How the rules are to be; nil for what stays as it is.
  package struct Wish: Sendable {
    /// Beside those of the configuration.
    package var allowedCountries: [String]?
    package var blockedCountries: [String]?
    package var blockedPrefixes: [String]?
    package var blockedTypes: [String]?
    /// Numbers, and the ids of those that are blocked already and stay so.
    package var blockedNumbers: [String]?
    /// Nil for the configuration's.
    package var limits: [String: Int?]?

    package init() {}
  }

  /// What is different then: this is shown, approved, written down, and done, whatever else has been changed meanwhile.
  package struct Change: Sendable, Codable {
    fileprivate var added: [Item] = []
    fileprivate var removed: [Item] = []
    fileprivate var limits: [Limit] = []

    fileprivate struct Item: Sendable, Codable {
      let kind: String
      /// Of a number that is added the number, of one that is removed its id.
      let value: String
      let isAllowed: Bool
      let shown: String
    }

    fileprivate struct Limit: Sendable, Codable {
      let name: String
      let before: Int
      /// Nil for the configuration's.
      let after: Int?
    }

    /// As it is shown and written down, all of it, numbers by their ends.
    package var summary: [String: String] {
      var summary: [String: String] = [:]
      if !added.isEmpty { summary["added"] = added.map(\.shown).joined(separator: ", ") }
      if !removed.isEmpty { summary["removed"] = removed.map(\.shown).joined(separator: ", ") }
      if !limits.isEmpty {
        summary["limits"] = limits.map {
          "\($0.name) from \($0.before) to \($0.after.map(String.init) ?? "the configuration's")"
        }.joined(separator: ", ")
      }
      return summary
    }
  }

  /// So much of each list is changed at once, and a person can look through it.
  private static let mostOfEach = 100

  /// What a wish changes.
  ///
  /// - Throws: `invalid_field` naming the list, also for one that changes more than a hundred entries.
  package func change(for wish: Wish) throws -> Change {
    let listed = try destinations.list(phones)
    var change = Change()
    func compare(
      _ wanted: [String]?, _ field: String, _ kind: String, isAllowed: Bool = false,
      _ read: (String) -> (value: String, shown: String)?
    ) throws {
      guard let wanted else { return }
      let present = listed.filter { $0.kind == kind && $0.isAllowed == isAllowed }
      let word = "\(isAllowed ? "allowed" : "blocked") \(kind)"
      var added: [Change.Item] = []
      var kept: Set<String> = []
      for text in wanted {
        if present.contains(where: { $0.value == text }) {
          kept.insert(text)
          continue
        }
        guard let item = read(text) else { throw Rejection(.invalidField, field: field) }
        added.append(
          Change.Item(
            kind: kind, value: item.value, isAllowed: isAllowed, shown: "\(word) \(item.shown)"))
      }
      let removed = present.filter { !kept.contains($0.value) }.map { rule in
        Change.Item(
          kind: kind, value: rule.value, isAllowed: isAllowed,
          shown: "\(word) \(rule.maskedPhone ?? rule.value)")
      }
      guard added.count <= Self.mostOfEach, removed.count <= Self.mostOfEach else {
        throw Rejection(.invalidField, field: field)
      }
      change.added += added
      change.removed += removed
    }
    func same(_ isRight: @escaping (String) -> Bool) -> (String) -> (value: String, shown: String)?
    {
      { isRight($0) ? ($0, $0) : nil }
    }
    let both = Set(wish.allowedCountries ?? []).intersection(wish.blockedCountries ?? [])
    guard both.isEmpty else { throw Rejection(.invalidField, field: "blockedCountries") }
    try compare(
      wish.allowedCountries, "allowedCountries", "country", isAllowed: true,
      same(PhoneNumber.isRegion))
    try compare(
      wish.blockedCountries, "blockedCountries", "country", same(PhoneNumber.isRegion))
    try compare(
      wish.blockedPrefixes, "blockedPrefixes", "prefix", same { DestinationRule(prefix: $0) != nil }
    )
    try compare(
      wish.blockedTypes, "blockedTypes", "type",
      same { PhoneNumber.Kind(rawValue: $0).map { $0 != .unsuitable } ?? false })
    try compare(wish.blockedNumbers, "blockedNumbers", "number") { text in
      PhoneNumber(text, region: configuration.defaultRegion).map { ($0.e164, $0.masked) }
    }
    let inForce = configuration.limits.replacing(try destinations.limits())
    for (name, value) in (wish.limits ?? [:]).sorted(by: { $0.key < $1.key }) {
      guard let limit = Configuration.Limits.adjustable[name],
        value.map(limit.range.contains) ?? true
      else { throw Rejection(.invalidField, field: "limits.\(name.prefix(48))") }
      change.limits.append(
        Change.Limit(name: name, before: inForce[keyPath: limit.path], after: value))
    }
    return change
  }

  /// Puts a change in force; called inside a transaction.
  func applyInTransaction(_ change: Change, note: String, at now: Date) throws {
    let listed = try destinations.list(phones)
    for item in change.removed {
      let rule = listed.first {
        $0.kind == item.kind && $0.isAllowed == item.isAllowed && $0.value == item.value
      }
      if let rule { try destinations.remove(rule) }
    }
    for item in change.added {
      let rule: DestinationRule? =
        switch item.kind {
        case "country": .country(item.value, isAllowed: item.isAllowed)
        case "prefix": DestinationRule(prefix: item.value)
        case "type": PhoneNumber.Kind(rawValue: item.value).map { .type($0) }
        default: PhoneNumber(e164: item.value).map { .number($0) }
        }
      if let rule { try destinations.set(rule, note: note, phones, at: now) }
    }
    for limit in change.limits {
      try destinations.setLimit(limit.name, limit.after, at: now)
    }
  }
}

extension Configuration.AllowedCountries {
  /// Nil for all.
  fileprivate var list: [String]? {
    switch self {
    case .all: nil
    case .only(let regions): regions.sorted()
    }
  }
}

extension Configuration.Limits {
  /// A limit that may be changed while everything runs.
  struct Adjustable: Sendable {
    let path: any WritableKeyPath<Configuration.Limits, Int> & Sendable
    let range: ClosedRange<Int>

    init(
      _ path: any WritableKeyPath<Configuration.Limits, Int> & Sendable,
      _ range: ClosedRange<Int> = 1...1_000_000_000
    ) {
      self.path = path
      self.range = range
    }
  }

  /// By the names they have towards administrators; nought to nobody is said by a country, not by a limit.
  static let adjustable: [String: Adjustable] = [
    "sendsPerNumberPerHour": Adjustable(\.sendsPerNumberPerHour),
    "sendsPerNumberPerDay": Adjustable(\.sendsPerNumberPerDay),
    "anonymousSendsPerNumberPerHour": Adjustable(\.anonymousSendsPerNumberPerHour),
    "sendsPerAddressPerHour": Adjustable(\.sendsPerAddressPerHour),
    "sendsPerAddressPerDay": Adjustable(\.sendsPerAddressPerDay),
    "sendsPerAccountPerHour": Adjustable(\.sendsPerAccountPerHour),
    "sendsPerAccountPerDay": Adjustable(\.sendsPerAccountPerDay),
    "sendsPerPrefixPerHour": Adjustable(\.sendsPerPrefixPerHour),
    "sendsPerPrefixPerDay": Adjustable(\.sendsPerPrefixPerDay),
    "sendsPerCountryPerHour": Adjustable(\.sendsPerCountryPerHour),
    "sendsPerCountryPerDay": Adjustable(\.sendsPerCountryPerDay),
    "sendsPerHour": Adjustable(\.sendsPerHour),
    "sendsPerDay": Adjustable(\.sendsPerDay),
    "dollarsPerCountryPerDay": Adjustable(\.dollarsPerCountryPerDay, 1...10_000_000),
    "dollarsPerDay": Adjustable(\.dollarsPerDay, 1...10_000_000),
    "leastConversionPercent": Adjustable(\.leastConversionPercent, 0...100),
    "proofDifficulty": Adjustable(\.proofDifficulty, 1...30),
  ]

  /// The limits with those that an administrator has changed.
  func replacing(_ changed: [String: Int]) -> Configuration.Limits {
    var limits = self
    for (name, value) in changed {
      if let limit = Self.adjustable[name] { limits[keyPath: limit.path] = value }
    }
    // Strangers never have more of a number than three fifths: the rest is its owner's.
    limits.anonymousSendsPerNumberPerHour = min(
      limits.anonymousSendsPerNumberPerHour, max(1, limits.sendsPerNumberPerHour * 3 / 5))
    return limits
  }

  /// Those that may be changed, by name.
  fileprivate var adjustable: [String: Int] {
    Self.adjustable.mapValues { self[keyPath: $0.path] }
  }
}
