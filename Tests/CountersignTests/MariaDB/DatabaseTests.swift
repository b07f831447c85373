import FoundationEssentials
import TestSupport
import Testing

@testable import Countersign

@Suite struct `Speaking to MariaDB` {
  private let location: DatabaseLocation

  init() throws {
    location = try TestDatabase.make()
    try Connection(location).executeScript(
      """
      CREATE TABLE thing (
        id INT NOT NULL PRIMARY KEY, name VARCHAR(2000) NULL, raw VARBINARY(2000) NULL, seen DATETIME(6) NULL, n BIGINT NULL
      ) ENGINE = InnoDB;
      """)
  }

  @Test("values come back as they went in")
  func values() throws {
    let connection = Connection(location)
    let time = Date(microseconds: 1_763_683_200_123_456)
    let long = String(repeating: "é", count: 900)
    try connection.execute(
      "INSERT INTO thing VALUES (\(1), \(long), \([0, 255, 39, 92] as [UInt8]), \(time), \(Int.min))"
    )
    let empty: String? = nil
    try connection.execute(
      "INSERT INTO thing VALUES (\(2), \(empty), \([] as [UInt8]), NULL, \(Int.max))")

    let rows = try connection.all("SELECT id, name, raw, seen, n FROM thing ORDER BY id")
    #expect(try rows[0].text("name") == long)
    #expect(try rows[0].bytes("raw") == [0, 255, 39, 92])
    #expect(try rows[0].time("seen").microseconds == time.microseconds)
    #expect(try rows[0].int("n") == Int.min)
    #expect(try rows[1].optionalText("name") == nil)
    #expect(try rows[1].bytes("raw") == [])
    #expect(try rows[1].optionalTime("seen") == nil)
    #expect(try rows[1].int("n") == Int.max)
  }

  @Test("a value is never part of a statement")
  func injection() throws {
    let connection = Connection(location)
    let hostile = "'; DROP TABLE thing; -- \\"
    try connection.execute("INSERT INTO thing (id, name) VALUES (\(3), \(hostile))")
    #expect(
      try connection.first("SELECT name FROM thing WHERE name = \(hostile)")?.text("name")
        == hostile)
  }

  @Test("a column of another name or type is an error, and says no value")
  func decoding() throws {
    let connection = Connection(location)
    try connection.execute("INSERT INTO thing (id, name) VALUES (4, \("private"))")
    let row = try #require(try connection.first("SELECT id, name FROM thing WHERE id = 4"))
    for read in [
      { _ = try row.int("name") }, { _ = try row.text("id") }, { _ = try row.text("missing") },
    ] {
      let error = try #require(throws: DatabaseError.self) { try read() }
      #expect(error.code == .undecodable)
      #expect(!error.description.contains("private"))
    }
  }

  @Test("an error carries its number and the statement, never the values")
  func errors() throws {
    let connection = Connection(location)
    try connection.execute("INSERT INTO thing (id, name) VALUES (5, \("first"))")
    let error = try #require(throws: DatabaseError.self) {
      try connection.execute("INSERT INTO thing (id, name) VALUES (5, \("private"))")
    }
    #expect(error.code == .duplicateEntry)
    #expect(error.description.contains("VALUES (5, ?)"))
    #expect(!"\(error)".contains("private"))
  }

  @Test("affected rows are those that changed")
  func affectedRows() throws {
    let connection = Connection(location)
    try connection.execute("INSERT INTO thing (id, n) VALUES (6, 1)")
    #expect(try connection.execute("UPDATE thing SET n = 1 WHERE id = 6") == 0)
    #expect(try connection.execute("UPDATE thing SET n = 2 WHERE id = 6 AND n = 1") == 1)
    #expect(try connection.execute("UPDATE thing SET n = 2 WHERE id = 6 AND n = 1") == 0)
  }

  @Test("a transaction is undone whole, and run again after a deadlock")
  func transactions() throws {
    struct Stop: Error {}
    let connection = Connection(location)
    #expect(throws: Stop.self) {
      try connection.transaction {
        try connection.execute("INSERT INTO thing (id) VALUES (7)")
        throw Stop()
      }
    }
    #expect(try connection.first("SELECT id FROM thing WHERE id = 7") == nil)

    try connection.execute("INSERT INTO thing (id, n) VALUES (8, 0), (9, 0)")
    let location = location
    let finished = atOnce(8) { index in
      let connection = Connection(location)
      let (first, second) = index % 2 == 0 ? (8, 9) : (9, 8)
      do {
        try connection.transaction {
          try connection.execute("UPDATE thing SET n = n + 1 WHERE id = \(first)")
          MonotonicClock.sleep(milliseconds: 5)
          try connection.execute("UPDATE thing SET n = n + 1 WHERE id = \(second)")
        }
        return true
      } catch {
        return false
      }
    }
    let done = finished.count { $0 }
    #expect(done >= 4)
    #expect(
      try connection.all("SELECT n FROM thing WHERE id IN (8, 9)").map { try $0.int("n") } == [
        done, done,
      ])
  }

  @Test("a connection that the server ended is made anew, and a transaction on it starts over")
  func reconnects() throws {
    let connection = Connection(location)
    let killer = Connection(location)
    func kill() throws {
      let id = try #require(try connection.first("SELECT CONNECTION_ID() AS id")).int("id")
      try killer.executeScript("KILL \(id)")
      MonotonicClock.sleep(milliseconds: 50)
    }

    try kill()
    #expect(try connection.first("SELECT 1 AS one")?.int("one") == 1)

    var runs = 0
    try connection.transaction {
      runs += 1
      try connection.execute("INSERT INTO thing (id) VALUES (10)")
      if runs == 1 { try kill() }
      try connection.execute("INSERT INTO thing (id) VALUES (11)")
    }
    #expect(runs == 2)
    #expect(try connection.all("SELECT id FROM thing WHERE id IN (10, 11)").count == 2)
  }

  @Test("a statement that takes too long is given up")
  func timeLimit() throws {
    let error = try #require(throws: DatabaseError.self) {
      try Connection(location).first("SELECT SLEEP(1) AS s FROM seq_1_to_100")
    }
    #expect(error.code == .statementTimeout)
    #expect(error.isTransient)
  }

  @Test("a transaction that stands still for ten seconds is undone, and holds nobody up for longer")
  func standingStill() throws {
    try Connection(location).execute("INSERT INTO thing (id, n) VALUES (1, 0)")
    let location = location
    let done = atOnce(2) { index -> Bool in
      do {
        let connection = Connection(location)
        // Five seconds are waited for a row.
        if index == 1 { MonotonicClock.sleep(milliseconds: 7_000) }
        var isFirstRun = true
        try connection.transaction {
          try connection.execute("UPDATE thing SET n = n + \(index == 0 ? 100 : 1) WHERE id = 1")
          if index == 0, isFirstRun {
            isFirstRun = false
            MonotonicClock.sleep(milliseconds: 12_000)
            // The server has ended the connection by now, and with it what was done.
            _ = try connection.first("SELECT 1 AS one")
          }
        }
        return true
      } catch {
        return false
      }
    }
    // The one that waited got through first; the other was run again on a new connection.
    #expect(done[1])
    let count = try #require(try Connection(location).first("SELECT n FROM thing")).int("n")
    #expect(count == (done[0] ? 101 : 1))
  }

  @Test("hosts are tried in turn")
  func hosts() throws {
    var location = location
    #expect(
      DatabaseLocation("mariadb://u:p%40@a:1,b/db?tls=required")?.hosts == [
        .init(name: "a", port: 1), .init(name: "b", port: 3306),
      ])
    #expect(DatabaseLocation("mariadb://u:p%40@a/db")?.password.reveal() == "p@")
    for bad in [
      "", "http://a/db", "mariadb://a", "mariadb://a/", "mariadb://a:x/db", "mariadb:///db",
      "mariadb://a/db?tls=maybe",
    ] {
      #expect(DatabaseLocation(bad) == nil)
    }
    // With a socket every host is this one; the first name is never asked for.
    location.hosts = [.init(name: "nowhere.invalid", port: 1)] + location.hosts
    #expect(try Connection(location).first("SELECT 1 AS one")?.int("one") == 1)
  }
}
