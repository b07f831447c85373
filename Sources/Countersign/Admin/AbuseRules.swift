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

  /// What is to be different; nil for what stays as it is.
  package struct Change: Sendable, Codable {
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

    /// What of it is written down: no number.
    package var summary: [String: String] {
      var summary: [String: String] = [:]
      summary["allowedCountries"] = allowedCountries?.joined(separator: ",")
      summary["blockedCountries"] = blockedCountries?.joined(separator: ",")
      summary["blockedPrefixes"] = blockedPrefixes?.joined(separator: ",")
      summary["blockedTypes"] = blockedTypes?.joined(separator: ",")
      summary["blockedNumbers"] = blockedNumbers.map { "\($0.count)" }
      summary["limits"] = limits?.sorted { $0.key < $1.key }
        .map { "\($0.key)=\($0.value.map(String.init) ?? "configured")" }.joined(separator: ",")
      return summary.mapValues { String($0.unicodeScalars.prefix(400)) }
    }
  }

  private static let mostOfEach = 1_000

  /// What a change comes to, with everything in it looked at.
  ///
  /// - Throws: `invalid_field` naming the list.
  package func check(_ change: Change) throws {
    for (field, list) in [
      ("allowedCountries", change.allowedCountries), ("blockedCountries", change.blockedCountries),
      ("blockedPrefixes", change.blockedPrefixes), ("blockedTypes", change.blockedTypes),
      ("blockedNumbers", change.blockedNumbers),
    ] {
      guard list?.count ?? 0 <= Self.mostOfEach else {
        throw Rejection(.invalidField, field: field)
      }
    }
    _ = try rules(change)
    for (name, value) in change.limits ?? [:] {
      guard let limit = Configuration.Limits.adjustable[name],
        value.map(limit.range.contains) ?? true
      else { throw Rejection(.invalidField, field: "limits.\(name.prefix(64))") }
    }
    let both = Set(change.allowedCountries ?? []).intersection(change.blockedCountries ?? [])
    guard both.isEmpty else { throw Rejection(.invalidField, field: "blockedCountries") }
  }

  /// The rules that a change names, but for the numbers that are blocked already.
  private func rules(_ change: Change) throws -> [DestinationRule] {
    let known = Set(try destinations.list(phones).filter { $0.kind == "number" }.map(\.value))
    func all(
      _ texts: [String]?, _ field: String, _ read: (String) -> DestinationRule?
    ) throws -> [DestinationRule] {
      try (texts ?? []).map { text in
        guard let rule = read(text) else { throw Rejection(.invalidField, field: field) }
        return rule
      }
    }
    return try all(change.allowedCountries, "allowedCountries") {
      PhoneNumber.isRegion($0) ? .country($0, isAllowed: true) : nil
    }
      + all(change.blockedCountries, "blockedCountries") {
        PhoneNumber.isRegion($0) ? .country($0, isAllowed: false) : nil
      }
      + all(change.blockedPrefixes, "blockedPrefixes") { DestinationRule(prefix: $0) }
      + all(change.blockedTypes, "blockedTypes") {
        PhoneNumber.Kind(rawValue: $0).flatMap { $0 == .unsuitable ? nil : .type($0) }
      }
      + all(change.blockedNumbers?.filter { !known.contains($0) }, "blockedNumbers") {
        PhoneNumber($0, region: configuration.defaultRegion).map { .number($0) }
      }
  }

  /// Puts a change in force; called inside a transaction.
  ///
  /// - Throws: as `check`.
  func applyInTransaction(_ change: Change, note: String, at now: Date) throws {
    try check(change)
    let rules = try rules(change)
    for listed in try destinations.list(phones) {
      let isListed: Bool =
        switch listed.kind {
        case "country" where listed.isAllowed:
          change.allowedCountries?.contains(listed.value) ?? true
        case "country": change.blockedCountries?.contains(listed.value) ?? true
        case "prefix": change.blockedPrefixes?.contains(listed.value) ?? true
        case "type": change.blockedTypes?.contains(listed.value) ?? true
        default: change.blockedNumbers?.contains(listed.value) ?? true
        }
      if !isListed { try destinations.remove(listed) }
    }
    for rule in rules { try destinations.set(rule, note: note, phones, at: now) }
    for (name, value) in change.limits ?? [:] {
      try destinations.setLimit(name, value, at: now)
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
    return limits
  }

  /// Those that may be changed, by name.
  fileprivate var adjustable: [String: Int] {
    Self.adjustable.mapValues { self[keyPath: $0.path] }
  }
}
