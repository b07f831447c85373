import FoundationEssentials
import TestSupport
import Testing

@testable import Countersign

@Suite struct `Migrating` {
  private func directory(_ files: [String: String]) throws -> String {
    let path = "/tmp/migrations-\(Hexadecimal.encode(Random.bytes(6)))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (name, text) in files { try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)")) }
    return path
  }

  @Test("each file is applied once, in order, and remembered")
  func applies() throws {
    let location = try TestDatabase.make()
    let path = try directory([
      "0001_one.sql": "CREATE TABLE a (id INT PRIMARY KEY);",
      "0002_two.sql":
        "ALTER TABLE a ADD COLUMN IF NOT EXISTS b INT NULL; INSERT INTO a VALUES (1, 2);",
    ])
    let connection = Connection(location, for: .operation)
    #expect(try Migrations(connection, directory: path).apply().map(\.version) == [1, 2])
    #expect(try Migrations(connection, directory: path).apply().isEmpty)
    #expect(try connection.all("SELECT id FROM a").count == 1)
  }

  @Test("many that run at once apply each file once")
  func concurrent() throws {
    let location = try TestDatabase.make()
    let path = try directory([
      "0001_one.sql": "CREATE TABLE a (id INT PRIMARY KEY); INSERT INTO a VALUES (1);"
    ])
    let applied = atOnce(6) { _ in
      (try? Migrations(Connection(location, for: .operation), directory: path).apply().count) ?? -1
    }
    #expect(applied.sorted() == [0, 0, 0, 0, 0, 1])
  }

  @Test("an edited file, a gap, and a database that is newer are refused")
  func refuses() throws {
    let location = try TestDatabase.make()
    let connection = Connection(location, for: .operation)
    let one = ["0001_one.sql": "CREATE TABLE a (id INT PRIMARY KEY);"]
    _ = try Migrations(connection, directory: try directory(one)).apply()

    let edited = try directory(["0001_one.sql": "CREATE TABLE a (id BIGINT PRIMARY KEY);"])
    #expect(throws: Migrations.Refusal.self) {
      try Migrations(connection, directory: edited).pending()
    }
    #expect(throws: Migrations.Refusal.self) {
      try Migrations(connection, directory: try directory(["0002_two.sql": "SELECT 1;"]))
    }
    #expect(throws: Migrations.Refusal.self) {
      try Migrations(connection, directory: try directory([:])).pending()
    }
  }

  @Test("a migration that failed can be mended and applied again")
  func recovers() throws {
    let location = try TestDatabase.make()
    let connection = Connection(location, for: .operation)
    let broken = try directory([
      "0001_one.sql": "CREATE TABLE IF NOT EXISTS a (id INT PRIMARY KEY); NONSENSE;"
    ])
    #expect(throws: Migrations.Refusal.self) {
      try Migrations(connection, directory: broken).apply()
    }
    let mended = try directory([
      "0001_one.sql": "CREATE TABLE IF NOT EXISTS a (id INT PRIMARY KEY);"
    ])
    #expect(try Migrations(connection, directory: mended).apply().count == 1)
  }

  @Test("db/schema.sql is what the migrations make")
  func schema() throws {
    let connection = Connection(try TestDatabase.makeWithSchema(), for: .operation)
    var text = ""
    for table in try connection.all(
      """
      SELECT table_name AS name
        FROM information_schema.tables
       WHERE table_schema = DATABASE()
       ORDER BY table_name
      """)
    {
      let name = try table.text("name")
      let row = try #require(
        try connection.all(SQL(trustedText: "SHOW CREATE TABLE `\(name)`")).first)
      text += try row.text("Create Table") + ";\n\n"
    }
    for trigger in try connection.all(
      """
      SELECT trigger_name AS name, action_timing AS timing, event_manipulation AS event, event_object_table AS target,
             action_statement AS body
        FROM information_schema.triggers
       WHERE trigger_schema = DATABASE()
       ORDER BY trigger_name
      """)
    {
      text += "CREATE TRIGGER `\(try trigger.text("name"))` \(try trigger.text("timing"))"
      text += " \(try trigger.text("event")) ON `\(try trigger.text("target"))` FOR EACH ROW\n"
      text += "\(try trigger.text("body"));\n\n"
    }
    let path = "\(TestDatabase.root)/db/schema.sql"
    let kept = try String(contentsOfFile: path, encoding: .utf8)
    let isTrue = kept.hasSuffix(text)
    if !isTrue { try Data(text.utf8).write(to: URL(filePath: "/tmp/schema.sql")) }
    #expect(isTrue, "db/schema.sql is not what the migrations make; /tmp/schema.sql is")
  }
}
