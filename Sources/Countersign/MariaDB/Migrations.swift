import Crypto
import FoundationEssentials

/// The numbered files that make the schema, and which of them a database has.
///
/// Forward only. A file is never edited once it was applied anywhere: its SHA-256 is remembered
/// with it, and another one is refused. DDL commits by itself, so every statement of a file can be
/// repeated (`IF NOT EXISTS`): a migration that was cut off is simply applied again.
package struct Migrations {
  private let connection: Connection
  private let files: [File]

  package struct File: Sendable {
    package let version: Int
    /// Such as `0001_foundation.sql`.
    package let name: String
    let text: String
    let checksum: [UInt8]
  }

  /// Why nothing was applied.
  package enum Refusal: Error, CustomStringConvertible {
    case unreadable(String)
    case misnumbered(String)
    case edited(String)
    /// The database has a migration that these files do not.
    case unknown(Int)
    case busy
    case failed(String, DatabaseError)

    package var description: String {
      switch self {
      case .unreadable(let path): "The migrations in \(path) cannot be read."
      case .misnumbered(let name): "The migration \(name) is not numbered after the one before it."
      case .edited(let name):
        "The migration \(name) was changed after it was applied. Undo the change, and add a migration."
      case .unknown(let version):
        "The database has migration \(version), which is not here. This program is older than its database."
      case .busy: "Another migration has been running for five minutes."
      case .failed(let name, let error): "The migration \(name) failed: \(error)."
      }
    }
  }

  /// Reads `0001_name.sql`, `0002_name.sql`, … from a directory.
  package init(_ connection: Connection, directory: String) throws {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
      throw Refusal.unreadable(directory)
    }
    var files: [File] = []
    for name in names.filter({ $0.hasSuffix(".sql") }).sorted() {
      guard let text = try? String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8) else {
        throw Refusal.unreadable("\(directory)/\(name)")
      }
      guard let version = Int(name.prefix(4)), version == files.count + 1 else {
        throw Refusal.misnumbered(name)
      }
      files.append(
        File(
          version: version, name: name, text: text,
          checksum: Array(SHA256.hash(data: Array(text.utf8)))))
    }
    self.connection = connection
    self.files = files
  }

  /// The migrations that the database does not have.
  package func pending() throws -> [File] {
    let isNew =
      try connection.first(
        """
        SELECT 1 AS found
          FROM information_schema.tables
         WHERE table_schema = DATABASE()
           AND table_name = 'schema_migration'
        """) == nil
    if isNew { return files }
    let applied = try connection.all(
      "SELECT version, checksum FROM schema_migration ORDER BY version")
    for row in applied {
      let version = try row.int("version")
      guard version <= files.count else { throw Refusal.unknown(version) }
      guard try row.bytes("checksum") == files[version - 1].checksum else {
        throw Refusal.edited(files[version - 1].name)
      }
    }
    return Array(files.dropFirst(applied.count))
  }

  /// Applies what is pending, one process at a time.
  ///
  /// - Returns: the migrations that were applied.
  package func apply() throws -> [File] {
    try connection.executeScript(
      """
      CREATE TABLE IF NOT EXISTS schema_migration (
        version    INT NOT NULL PRIMARY KEY,
        name       VARCHAR(100) NOT NULL,
        checksum   BINARY(32) NOT NULL COMMENT 'SHA-256 of the file as it was applied',
        applied_at DATETIME(6) NOT NULL
      ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
      CREATE TABLE IF NOT EXISTS schema_lock (
        id         TINYINT NOT NULL PRIMARY KEY,
        holder     BINARY(16) NULL,
        expires_at DATETIME(6) NULL
      ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
      INSERT IGNORE INTO schema_lock (id) VALUES (1);
      """)
    let holder = Random.bytes(16)
    try lock(holder)
    let result = Result { try applyPending() }
    try unlock(holder)
    return try result.get()
  }

  private func applyPending() throws -> [File] {
    let files = try pending()
    for file in files {
      do {
        try connection.executeScript(file.text)
      } catch {
        throw Refusal.failed(file.name, error)
      }
      try connection.execute(
        """
        INSERT INTO schema_migration (version, name, checksum, applied_at)
        VALUES (\(file.version), \(file.name), \(file.checksum), \(Date.now))
        """)
    }
    return files
  }

  /// What a migration may take: a large table is copied by some.
  private static let longest: TimeInterval = 4 * 3_600

  /// Waits for the lock row. It has an end, so that a migration that was killed does not lock the
  /// next one out.
  private func lock(_ holder: [UInt8]) throws {
    for _ in 0..<600 {
      let now = Date.now
      let taken = try connection.execute(
        """
        UPDATE schema_lock
           SET holder = \(holder), expires_at = \(now.addingTimeInterval(Self.longest))
         WHERE id = 1
           AND (holder IS NULL OR expires_at < \(now))
        """)
      if taken == 1 { return }
      MonotonicClock.sleep(milliseconds: 500)
    }
    throw Refusal.busy
  }

  private func unlock(_ holder: [UInt8]) throws {
    try connection.execute(
      "UPDATE schema_lock SET holder = NULL WHERE id = 1 AND holder = \(holder)")
  }
}
