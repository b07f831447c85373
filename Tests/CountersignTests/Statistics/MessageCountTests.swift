import FoundationEssentials
import TestSupport
import Testing

@testable import Countersign

/// Counts of messages, on a database that was there before they were.
@Suite struct `Counts of messages` {
  private static let root = TestDatabase.root

  /// A database as it was before anything was counted, with an account and messages in it.
  private func older() throws -> Connection {
    let path = "/tmp/migrations-\(Hexadecimal.encode(Random.bytes(6)))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(Self.root)/db/migrations")
    for name in names where name < "0008" {
      try FileManager.default.copyItem(
        atPath: "\(Self.root)/db/migrations/\(name)", toPath: "\(path)/\(name)")
    }
    let connection = Connection(try TestDatabase.make(), for: .operation)
    #expect(try Migrations(connection, directory: path).apply().count == 7)
    let now = Date.now
    try connection.execute(
      """
      INSERT INTO account (id, email, email_key, region, created_at)
      VALUES (\(Account.ID(at: now)), 'a@example.com', 'a@example.com', 'US', \(now))
      """)
    for index in 0..<10 { try insert(connection, at: now - Double(index) * 7_200) }
    return connection
  }

  private func insert(_ connection: Connection, at time: Date) throws {
    try connection.execute(
      """
      INSERT INTO message (id, kind, channel, lane, destination_sealed, destination_hash, country, price, due_at, expires_at,
                           created_at)
      VALUES (\(OutgoingMessage.ID(at: time)), 'code', 'sms', 0, '', \(Random.bytes(32)), 'US', 8300, \(time), \(time), \(time))
      """)
  }

  private func counted(_ connection: Connection) throws -> Int? {
    try connection.first(
      "SELECT CAST(SUM(messages) AS SIGNED) AS n FROM message_count WHERE span = 'ever'")?
      .optionalInt("n")
  }

  @Test(
    "what was there is counted once, also when the migration is applied again after it was cut off")
  func migrated() throws {
    let connection = try older()
    let counts = MessageCounts(connection)
    let directory = "\(Self.root)/db/migrations"
    #expect(try Migrations(connection, directory: directory).apply().map(\.version) == [8])
    #expect(try counted(connection) == 10 && counts.wrongSorts() == 0)
    // Life goes on, and then it is applied again.
    try connection.execute("UPDATE message SET status = 'sent', provider = 'twilio' LIMIT 6")
    try insert(connection, at: .now)
    try connection.execute("UPDATE account SET phone_verified_at = \(Date.now)")
    try connection.execute("DELETE FROM schema_migration WHERE version = 8")
    #expect(try Migrations(connection, directory: directory).apply().map(\.version) == [8])
    #expect(try counts.wrongSorts() == 0)
    try counts.add()
    #expect(try counted(connection) == 11 && counts.wrongSorts() == 0)
    let accounts = try #require(
      try connection.first(
        "SELECT CAST(SUM(accounts) AS SIGNED) AS n, CAST(SUM(verified) AS SIGNED) AS v FROM account_count"
      ))
    #expect(try accounts.int("n") == 1 && accounts.int("v") == 1)
  }

  @Test("wrong counts of accounts are found and corrected too")
  func accounts() throws {
    let connection = try older()
    _ = try Migrations(connection, directory: "\(Self.root)/db/migrations").apply()
    let counts = MessageCounts(connection)
    try connection.execute("UPDATE account_count SET two_factor = two_factor + 3")
    #expect(try counts.wrongSorts() == 1)
    try counts.correct()
    #expect(try counts.wrongSorts() == 0)
  }
}
