import FoundationEssentials
import Glibc

/// The private MariaDB of a state directory, reached by its socket and by nothing else.
package struct EmbeddedDatabase {
  private let state: StateDirectory
  package let process: ChildProcess

  package init(_ state: StateDirectory) throws {
    self.state = state
    var arguments = [
      "--no-defaults", "--datadir=\(state.data)", "--socket=\(state.databaseSocket)",
      "--skip-networking",
      "--pid-file=\(state.run)/mariadbd-own.pid", "--skip-log-bin", "--skip-name-resolve",
      "--performance-schema=OFF",
      "--character-set-server=utf8mb4", "--collation-server=utf8mb4_nopad_bin",
      "--max-connections=500",
      "--innodb-buffer-pool-size=\(Self.bufferPool)M", "--innodb-log-file-size=256M",
      "--innodb-flush-log-at-trx-commit=1",
      "--transaction-isolation=READ-COMMITTED", "--log-warnings=1",
    ]
    if getuid() == 0 { arguments.append("--user=root") }
    process = ChildProcess(
      "mariadb", try Installation.find("mariadbd"), arguments,
      environment: Self.environment(state), in: state)
  }

  /// A quarter of the machine's memory, in MiB, of which it takes what it uses; 256 at least.
  private static var bufferPool: Int {
    let bytes = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    return max(256, bytes / 4 / 1_048_576)
  }

  /// With a directory of its own for temporary tables: two installations at once give them the same names.
  private static func environment(_ state: StateDirectory) -> [String: String] {
    ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": state.run]
  }

  /// Makes the data directory if there is none, starts the server, and waits until it answers.
  package func start() throws {
    if !FileManager.default.fileExists(atPath: "\(state.data)/mysql") { try install() }
    try process.start()
    let connection = Connection(administrator("mysql"), for: .operation)
    for _ in 0..<600 {
      if (try? connection.ping()) != nil { return }
      if process.hasEnded() {
        throw OperatorError("MariaDB does not start; \(state.logs)/mariadb.log says why.")
      }
      MonotonicClock.sleep(milliseconds: 50)
    }
    throw OperatorError("MariaDB does not answer.")
  }

  private func install() throws {
    let script = try Installation.find("mariadb-install-db")
    var arguments = [
      "--no-defaults", "--datadir=\(state.data)", "--auth-root-authentication-method=normal",
      "--skip-test-db",
      "--skip-name-resolve",
    ]
    if getuid() == 0 { arguments.append("--user=root") }
    let installation = ChildProcess(
      "mariadb-install", script, arguments, environment: Self.environment(state), in: state)
    try installation.start()
    installation.waitUntilEnded(seconds: 120)
    guard FileManager.default.fileExists(atPath: "\(state.data)/mysql") else {
      throw OperatorError(
        "The database cannot be made; \(state.logs)/mariadb-install.log says why.")
    }
  }

  private func administrator(_ database: String) -> DatabaseLocation {
    DatabaseLocation(
      socket: state.databaseSocket, user: "root", password: Secret(""), database: database)
  }

  /// Makes the database, brings its schema up to date, and makes a user a program.
  package func prepare(_ installation: Installation, passwords: [String: String]) throws {
    let server = Connection(administrator("mysql"), for: .operation)
    try server.execute(
      "CREATE DATABASE IF NOT EXISTS countersign CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")
    let connection = Connection(administrator("countersign"), for: .operation)
    _ = try Migrations(connection, directory: installation.migrations).apply()
    for user in Part.databaseUsers {
      guard let password = passwords["PASSWORD_\(user)"] else { continue }
      try DatabaseUsers(server).make(user, password: Secret(password))
    }
    try DatabaseUsers(server).grant(fromFile: "\(installation.root)/db/grants.sql")
  }

  /// The `DATABASE_URL` of a user.
  package func url(user: String, password: String) -> String {
    "mariadb://\(user):\(password)@localhost/countersign?socket=\(PercentEncoding.encode(state.databaseSocket))"
  }
}
