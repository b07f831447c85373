import FoundationEssentials
import TestSupport
import Testing

@testable import Countersign

/// Rules of the layout that a reader relies on, checked on the files themselves.
@Suite struct `The layout` {
  private static func files(under folder: String, suffix: String) throws -> [(
    path: String, text: String
  )] {
    let root = TestDatabase.root
    return try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)")
      .filter { $0.hasSuffix(suffix) }
      .map {
        ("\(folder)/\($0)", try String(contentsOfFile: "\(root)/\(folder)/\($0)", encoding: .utf8))
      }
  }

  private static func lines(_ text: String) -> [Substring] { text.split(separator: "\n") }

  @Test("each C library is imported by its own room and by no other")
  func imports() throws {
    let homes = [
      "CFastCGI": "FastCGI", "CLinux": "FastCGI", "CMariaDB": "MariaDB", "CCurl": "Curl",
      "CArgon2": "Accounts",
      "CPhoneNumber": "PhoneVerification",
    ]
    for (path, text) in try Self.files(under: "Sources", suffix: ".swift") {
      for line in Self.lines(text) where line.hasPrefix("import C") || line.contains(" import C") {
        let module = String(line.split(separator: " ").last ?? "")
        guard let home = homes[module] else { continue }
        #expect(path.hasPrefix("Sources/Countersign/\(home)/"), "\(path) imports \(module)")
      }
    }
  }

  @Test("no source imports all of Foundation")
  func foundation() throws {
    for (path, text) in try Self.files(under: "Sources", suffix: ".swift") {
      #expect(
        !Self.lines(text).contains {
          $0 == "import Foundation" || $0 == "package import Foundation"
        }, "\(path)")
    }
  }

  @Test("every responder has a folder, locations, an upstream, and grants")
  func responders() throws {
    let root = TestDatabase.root
    let upstreams = try String(contentsOfFile: "\(root)/nginx/upstreams.conf", encoding: .utf8)
    let grants = try String(contentsOfFile: "\(root)/db/grants.sql", encoding: .utf8)
    for part in Part.responders {
      #expect(FileManager.default.fileExists(atPath: "\(root)/Sources/\(part.name)/Routes.swift"))
      let locations = try String(
        contentsOfFile: "\(root)/nginx/responders/\(part.name).conf", encoding: .utf8)
      #expect(locations.contains("fastcgi_pass \(part.name);"))
      #expect(locations.contains("location = /healthz/\(part.name) {"))
      #expect(locations.contains("location = /metrics/\(part.name) {"))
      #expect(upstreams.contains("/run/countersign/\(part.name).sock"))
      #expect(grants.contains("'\(part.databaseUser)'@'localhost'"))
    }
    let names = Set(Part.responders.map { "\($0.name).conf" })
    #expect(
      Set(try FileManager.default.contentsOfDirectory(atPath: "\(root)/nginx/responders")) == names)
  }

  @Test("every table is InnoDB, has a primary key, and nothing relies on one node's locks")
  func tables() throws {
    for (path, text) in try Self.files(under: "db/migrations", suffix: ".sql") {
      #expect(
        text.split(separator: "CREATE TABLE").count - 1 == text.split(separator: "ENGINE = InnoDB")
          .count - 1, "\(path)")
      for word in ["GET_LOCK", "LOCK TABLES", "MyISAM", "AUTO_INCREMENT", "FLOAT", "DOUBLE"] {
        #expect(!text.contains(word), "\(path) has \(word)")
      }
    }
    let connection = Connection(try TestDatabase.makeWithSchema())
    let without = try connection.all(
      """
      SELECT t.table_name AS name
        FROM information_schema.tables t
        LEFT JOIN information_schema.table_constraints c
          ON c.table_schema = t.table_schema AND c.table_name = t.table_name AND c.constraint_type = 'PRIMARY KEY'
       WHERE t.table_schema = DATABASE()
         AND c.constraint_name IS NULL
      """)
    #expect(without.isEmpty)
  }

  @Test("the map in the README names folders that exist")
  func map() throws {
    let root = TestDatabase.root
    let readme = try String(contentsOfFile: "\(root)/README.md", encoding: .utf8)
    var checked = 0
    for line in Self.lines(readme) where line.hasPrefix("| `") {
      let name = line.dropFirst(3).prefix { $0 != "`" }
      guard
        name.hasPrefix("Sources/") || name.hasPrefix("Tests/") || name.hasPrefix("db")
          || name.hasPrefix("nginx")
      else { continue }
      checked += 1
      #expect(FileManager.default.fileExists(atPath: "\(root)/\(name)"), "\(name)")
    }
    #expect(checked > 20)
    for room in try FileManager.default.contentsOfDirectory(atPath: "\(root)/Sources/Countersign") {
      #expect(readme.contains("`Sources/Countersign/\(room)`"), "\(room) is not on the map")
    }
  }
}
