import Crypto
package import FoundationEssentials
import Synchronization

/// Fills a database with accounts and messages as a product has them after some time, to see how everything fares with many.
///
/// Numbers, addresses, and ids are made up and belong to nobody; numbers are sealed and hashed as everywhere. Two threads
/// make rows and insert them in order of time, so that most indexes grow at one end.
package struct Seeding {
  private let configuration: Configuration
  private let now: Date
  private let days: Int
  private let accounts: Int
  private let messages: Int

  /// Rows of one statement.
  private static let portion = 500
  private static let threads = 2

  /// - Parameter days: over how many days before now the messages are spread.
  package init(
    _ configuration: Configuration, accounts: Int, messages: Int, days: Int, at now: Date
  ) {
    self.configuration = configuration
    self.accounts = accounts
    self.messages = messages
    self.days = days
    self.now = now
  }

  /// Why nothing was made.
  package enum Refusal: Error, CustomStringConvertible {
    case notSandbox
    case notEmpty

    package var description: String {
      switch self {
      case .notSandbox: "Only a system that sends to the sandbox is seeded."
      case .notEmpty: "There are messages already; seed an empty system."
      }
    }
  }

  /// Makes everything, and counts it.
  ///
  /// - Parameters:
  ///   - password: of every account that is made.
  ///   - told: what is done, now and then.
  package func run(password: Secret, _ told: @escaping @Sendable (String) -> Void) throws {
    guard configuration.twilio.isSandbox else { throw Refusal.notSandbox }
    let connection = Connection(configuration.database, for: .operation)
    guard try connection.first("SELECT 1 AS found FROM message LIMIT 1") == nil else {
      throw Refusal.notEmpty
    }
    let hash = try PasswordHash.make(
      PasswordRules(productName: "", breaches: nil).check(password, context: []))
    try inPortions(of: accounts, "accounts", told) { connection, range in
      try insertAccounts(range, hash, connection)
    }
    try inPortions(of: messages, "messages", told) { connection, range in
      try insertMessages(range, connection)
    }
    told("counting")
    try MessageCounts(connection).correct()
  }

  /// Runs work on portions of a number, on threads with a connection each.
  private func inPortions(
    of count: Int, _ name: String, _ told: @escaping @Sendable (String) -> Void,
    _ work: @escaping @Sendable (Connection, Range<Int>) throws -> Void
  ) throws {
    let next = Atomic<Int>(0)
    let failure = Mutex<(any Error)?>(nil)
    let configuration = configuration
    let run = { @Sendable () -> Void in
      let connection = Connection(configuration.database, for: .operation)
      do {
        // Counted at the end, all at once.
        try connection.execute(
          "SET @countersign_counts_later = 1, SESSION unique_checks = 0, SESSION foreign_key_checks = 0"
        )
        while failure.withLock({ $0 == nil }) {
          let start = next.add(Self.portion, ordering: .relaxed).oldValue
          guard start < count else { return }
          try work(connection, start..<min(count, start + Self.portion))
          if start.isMultiple(of: 100_000), start > 0 { told("\(start) \(name)") }
        }
      } catch {
        failure.withLock { $0 = error }
      }
    }
    let threads = (0..<Self.threads).map { _ in SystemThread.start(run) }
    for thread in threads { thread.join() }
    if let error = failure.withLock({ $0 }) { throw error }
  }

  // MARK: People

  /// Somebody made up: always the same of the same number.
  private struct Person {
    let id: Account.ID
    let country: SeedWords.Country
    let number: PhoneNumber?
    let hasFactor: Bool
    let createdAt: Date

    init(_ index: Int, of count: Int, at now: Date) {
      var random = SeededNumbers(index)
      createdAt = now - 730 * 86_400 * (1 - Double(index) / Double(count))
      id = .seeded(at: createdAt, index)
      country = SeedWords.countries[random.pick(SeedWords.countryShares)]
      number = random.below(100) < 85 ? PhoneNumber(e164: country.number(index)) : nil
      hasFactor = number != nil && random.below(100) < 30
    }
  }

  private func insertAccounts(_ range: Range<Int>, _ hash: [UInt8], _ connection: Connection) throws
  {
    let phones = PhoneVault(configuration.keys)
    var rows: [[SQLValue]] = []
    var factors: [[SQLValue]] = []
    for index in range {
      let person = Person(index, of: accounts, at: now)
      var random = SeededNumbers(~index)
      let name = SeedWords.name(&random)
      let email = "\(name.lowercased().replacing(" ", with: ".")).\(index)@seed.example"
      let sealed = try person.number.map {
        try phones.seal($0, context: Account.phoneContext(person.id))
      }
      rows.append([
        person.id.sqlValue, .text(email), .bytes(Array(email.utf8)),
        .bytes(
          try configuration.keys.seal(
            hash, .password, context: Account.passwordContext(person.id))),
        .text(name), .text(person.country.locale), .text(person.country.region),
        .text(person.country.currency), person.hasFactor ? .text("sms") : .null,
        sealed.map { .bytes($0) } ?? .null,
        try person.number.map { .bytes(try phones.hash($0)) } ?? .null,
        person.number == nil || random.below(10) == 0 && !person.hasFactor
          ? .null : person.createdAt.sqlValue,
        person.createdAt.sqlValue,
      ])
      if person.hasFactor {
        factors.append([
          person.id.sqlValue, .text("sms"),
          AppBinding.ID.seeded(at: person.createdAt, index).sqlValue,
          person.createdAt.sqlValue,
        ])
      }
    }
    try connection.execute(
      """
      INSERT INTO account (id, email, email_key, password_sealed, name, locale, region, currency, second_factor, phone_sealed,
                           phone_hash, phone_verified_at, created_at)
      VALUES \(rows: rows)
      """)
    guard !factors.isEmpty else { return }
    try connection.execute(
      "INSERT INTO factor (account_id, kind, id, confirmed_at) VALUES \(rows: factors)")
  }

  // MARK: Messages

  private func insertMessages(_ range: Range<Int>, _ connection: Connection) throws {
    let phones = PhoneVault(configuration.keys)
    let vault = MessageVault(keys: configuration.keys)
    var rows: [[SQLValue]] = []
    for index in range {
      var random = SeededNumbers(index &* 0x9E37_79B9)
      let at = now - Double(days) * 86_400 * (1 - Double(index) / Double(messages))
      let kind = SeedWords.kinds[random.pick(SeedWords.kindShares)]
      var person = Person(random.below(max(1, accounts)), of: max(1, accounts), at: now)
      while person.number == nil {
        person = Person(random.below(max(1, accounts)), of: max(1, accounts), at: now)
      }
      guard let number = person.number else { continue }
      let isMail = kind != "code" && random.below(100) < 40
      let channel = isMail ? "email" : kind == "code" && random.below(100) < 3 ? "call" : "sms"
      let status = SeedWords.statuses[random.pick(SeedWords.statusShares)]
      let isTaken = !["failed", "expired"].contains(status)
      let provider =
        isMail ? "sendgrid" : random.below(100) < 7 && channel == "sms" ? "vonage" : "twilio"
      let id = OutgoingMessage.ID.seeded(at: at, index)
      let sent = at + 0.2 + Double(random.below(1_000)) / 1_000
      let isUsed = kind == "code" && status == "delivered" && random.below(100) < 72
      let address = "seed.\(random.below(max(1, accounts)))@seed.example"
      rows.append([
        id.sqlValue, .text(kind), .text(channel),
        .integer(kind == "code" ? 0 : kind.contains("payment") ? 2 : 1),
        person.id.sqlValue,
        .bytes(try vault.sealDestination(isMail ? address : number.e164, id)),
        .bytes(isMail ? try vault.hash(email: address) : try phones.hash(number)),
        .bytes(isMail ? [0, 0, 0, 0] : try phones.ending(of: number)),
        isMail ? .null : .text(person.country.region), channel == "sms" ? .integer(1) : .null,
        isMail ? .null : .integer(Int64(person.country.price)),
        .integer(isTaken && !isMail ? 1 : 0),
        at.sqlValue, isTaken ? .text(provider) : .null,
        isTaken ? .text("SM\(Hexadecimal.encode(id.bytes))") : .null, .text(status),
        .integer(isTaken ? 4 : -1), status == "undelivered" ? .text("30003") : .null,
        status == "undelivered"
          ? .text("destination_unreachable")
          : status == "failed" ? .text("provider_unavailable") : .null,
        (at + 600).sqlValue, at.sqlValue, isTaken ? sent.sqlValue : .null, (sent + 3).sqlValue,
        isUsed ? (sent + 20).sqlValue : .null,
      ])
    }
    try connection.execute(
      """
      INSERT INTO message (id, kind, channel, lane, account_id, destination_sealed, destination_hash, destination_ending, country,
                           segments, price, is_price_known, due_at, provider, provider_sid, status, status_rank, error_code,
                           failure, expires_at, created_at, sent_at, finished_at, used_at)
      VALUES \(rows: rows)
      """)
  }
}

/// Numbers that look like chance and are always the same of the same beginning (SplitMix64).
struct SeededNumbers {
  private var state: UInt64

  init(_ seed: Int) {
    state = UInt64(bitPattern: Int64(seed))
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  /// The index of a share, each as often as it is large; they add up to a thousand.
  mutating func pick(_ shares: [Int]) -> Int {
    var number = below(1_000)
    for (index, share) in shares.enumerated() {
      if number < share { return index }
      number -= share
    }
    return shares.count - 1
  }
}
