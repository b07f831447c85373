import ArgumentParser
import Countersign
import FoundationEssentials

/// Where codes may go, and what they cost, while everything runs.
struct DestinationsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "destinations",
    abstract: "Says where codes may go and what they cost. In force everywhere within a second.",
    subcommands: [List.self, Block.self, Allow.self, Remove.self, Price.self])

  /// Which destination a rule is about.
  struct Target: ParsableArguments {
    @Option(help: "A country, such as US; the countries that share +1 are told apart.")
    var country: String?

    @Option(help: "The digits that numbers begin with, such as +88213.")
    var prefix: String?

    @Option(help: "One number, such as +14155552671. Only a keyed hash of it is kept.")
    var number: String?

    @Option(
      help: ArgumentHelp(
        "A type of number: \(Self.types)."
      ))
    var type: String?

    private static let types = PhoneNumber.Kind.allCases.filter { $0 != .unsuitable }
      .map(\.rawValue).joined(separator: ", ")

    func rule() throws -> DestinationRule {
      let given = [country, prefix, number, type].compactMap { $0 }
      guard given.count == 1 else {
        throw ValidationError("Name one of --country, --prefix, --number, and --type.")
      }
      if let country { return .country(try region(country), isAllowed: false) }
      if let prefix {
        guard let rule = DestinationRule(prefix: prefix) else {
          throw ValidationError("\(prefix) is no prefix; one is + and up to 14 digits.")
        }
        return rule
      }
      if let number {
        guard let number = PhoneNumber(number, region: "ZZ") else {
          throw ValidationError("This is no phone number with its country's prefix.")
        }
        return .number(number)
      }
      guard let kind = type.flatMap(PhoneNumber.Kind.init(rawValue:)), kind != .unsuitable else {
        throw ValidationError("\(type ?? "") is no type of number; there are \(Self.types).")
      }
      return .type(kind)
    }
  }

  /// Changes something, and writes that down with it.
  private static func changing(
    _ system: SystemOptions, _ details: [String: String],
    _ change: (DestinationStore, PhoneVault) throws -> Void
  ) throws {
    let (connection, configuration) = try system.connection()
    let audit = Audit(connection, configuration, OperatorLog.logger)
    try connection.transaction {
      try audit.record(
        AuditEvent(.destinationChanged, details: details), by: .operatorAtMachine, at: .now)
      try change(DestinationStore(connection: connection), PhoneVault(configuration.keys))
    }
  }

  /// A rule as it is written down; of a number its end.
  private static func describe(_ rule: DestinationRule) -> String {
    switch rule {
    case .country(let region, let isAllowed):
      "\(isAllowed ? "allowed" : "blocked") country \(region)"
    case .type(let kind): "blocked type \(kind.rawValue)"
    case .prefix(let digits): "blocked prefix \(digits)"
    case .number(let number): "blocked number \(number.masked)"
    }
  }

  private static func region(_ text: String) throws -> String {
    let region = text.uppercased()
    guard PhoneNumber.isRegion(region) else { throw ValidationError("\(text) is no country.") }
    return region
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the rules and the known prices; of a number the beginning of its hash.")

    @OptionGroup var system: SystemOptions

    func run() throws {
      try reporting {
        let (connection, configuration) = try system.connection()
        let phones = PhoneVault(configuration.keys)
        for rule in try DestinationStore(connection: connection).list(phones) {
          let note = rule.note.isEmpty ? "" : "  \(rule.note)"
          print("\(rule.isAllowed ? "allowed" : "blocked")  \(rule.kind) \(rule.value)\(note)")
        }
        for price in try DestinationStore(connection: connection).listPrices() {
          print("price    \(price.country) \(price.channel) \(price.dollars), \(price.source)'s")
        }
      }
    }
  }

  struct Block: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Sends nothing to a country, a prefix, a number, or a type of number.")

    @OptionGroup var target: Target
    @Option(help: "Why, for those who come after.")
    var note = ""
    @OptionGroup var system: SystemOptions

    func run() throws { try set(target.rule(), note, system) }
  }

  struct Allow: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Allows a country that COUNTERSIGN_ALLOWED_COUNTRIES does not.")

    @Option(help: "The country, such as US.")
    var country: String
    @Option(help: "Why, for those who come after.")
    var note = ""
    @OptionGroup var system: SystemOptions

    func run() throws { try set(.country(try region(country), isAllowed: true), note, system) }
  }

  private static func set(_ rule: DestinationRule, _ note: String, _ system: SystemOptions) throws {
    guard note.unicodeScalars.count <= 200 else {
      throw ValidationError("A note has 200 characters at most.")
    }
    try reporting {
      try changing(system, ["rule": "\(describe(rule))", "note": note]) { store, phones in
        try store.set(rule, note: note, phones, at: .now)
      }
    }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Removes a rule.")

    @OptionGroup var target: Target
    @OptionGroup var system: SystemOptions

    func run() throws {
      let rule = try target.rule()
      try reporting {
        try changing(system, ["removed": "\(describe(rule))"]) { store, phones in
          let isRemoved = try store.remove(rule, phones)
          guard isRemoved else { throw ValidationError("There is no such rule.") }
        }
      }
    }
  }

  struct Price: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Says what a text's segment, or a call, to a country costs.")

    @Option(help: "The country, such as US.")
    var country: String

    @Option(
      parsing: .unconditional,
      help: "US dollars, such as 0.0083; left out, the provider's own price counts again.")
    var dollars: Double?

    @Flag(help: "The price of a call.")
    var call = false

    @OptionGroup var system: SystemOptions

    func run() throws {
      let region = try region(country)
      if let dollars, !(0.0001...100).contains(dollars) {
        throw ValidationError("A price lies between 0.0001 and 100 dollars.")
      }
      try reporting {
        let channel = call ? OutgoingMessage.Channel.call : .sms
        let said = dollars.map { "\($0) dollars" } ?? "the provider's"
        try changing(system, ["price": "\(region) \(channel.rawValue) \(said)"]) { store, _ in
          try store.setPrice(
            dollars.map { Int(($0 * 1_000_000).rounded()) }, country: region, channel, at: .now)
        }
      }
    }
  }
}
