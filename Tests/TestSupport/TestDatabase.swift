package import Countersign
import FoundationEssentials
import Glibc
import Synchronization

/// A private MariaDB for one run of the tests, and a database of its own for each test that asks.
///
/// The server is a child that the kernel ends with this process.
package enum TestDatabase {
  private static let socket: String = {
    let path = "/tmp/countersign-tests-\(getpid())"
    let socket = Mutex("")
    let thread = SystemThread.start {
      do {
        Connection.initializeLibrary()
        let state = StateDirectory(path)
        try state.prepare()
        try EmbeddedDatabase(state).start()
        socket.withLock { $0 = state.databaseSocket }
      } catch {
        fatalError("the tests need a MariaDB: \(error)")
      }
      // The kernel ends a child when the thread that started it ends.
      while true { sleep(3_600) }
    }
    _ = thread
    while true {
      let found = socket.withLock { $0 }
      if !found.isEmpty { return found }
      MonotonicClock.sleep(milliseconds: 20)
    }
  }()

  /// The source tree.
  package static let root: String = {
    var parts = #filePath.split(separator: "/")
    parts.removeLast(3)
    return "/" + parts.joined(separator: "/")
  }()

  /// Where a new, empty database is.
  package static func make() throws -> DatabaseLocation {
    let name = "test_\(Hexadecimal.encode(Random.bytes(6)))"
    let administrator = Connection(location("mysql"), for: .operation)
    try administrator.create(database: name)
    return location(name)
  }

  /// Where a new database with our schema is.
  package static func makeWithSchema() throws -> DatabaseLocation {
    let location = try make()
    _ = try Migrations(
      Connection(location, for: .operation), directory: "\(root)/db/migrations"
    ).apply()
    return location
  }

  private static func location(_ database: String) -> DatabaseLocation {
    DatabaseLocation(
      socket: socket, user: "root", password: Secret(""), database: database)
  }
}

extension Connection {
  /// Makes a database whose name is ours.
  fileprivate func create(database name: String) throws(DatabaseError) {
    try executeScript("CREATE DATABASE \(name) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")
  }
}

/// A configuration for tests, with keys of its own and Twilio's test numbers allowed.
package func testConfiguration(
  _ database: DatabaseLocation, changing change: (inout Configuration.Limits) -> Void = { _ in }
) throws -> Configuration {
  var configuration = try Configuration.read(
    from: Environment([
      "PUBLIC_BASE_URL": "https://auth.example.com",
      "DATABASE_URL": "mariadb://nobody@localhost/none",
      "COUNTERSIGN_KEYS": "1:\(Data(Random.bytes(32)).base64EncodedString())",
      "COUNTERSIGN_PRODUCT_NAME": "Countersign",
      "COUNTERSIGN_RUN_DIRECTORY": "/nonexistent",
      "SMS_PROVIDERS": "twilio",
      "EMAIL_PROVIDERS": "sendgrid",
      "SENDGRID_API_KEY": "SG.test",
      "SENDGRID_FROM_EMAIL": "security@example.com",
      "TWILIO_ACCOUNT_SID": "AC" + String(repeating: "a", count: 32),
      "TWILIO_AUTH_TOKEN": "0123456789abcdef0123456789abcdef",
      "TWILIO_PHONE_NUMBER": "+15005550006",
      "TWILIO_API_BASE_URL": "http://127.0.0.1:9/twilio",
    ]))
  configuration.database = database
  change(&configuration.limits)
  return configuration
}

/// Limits for tests in which far more is sent to one place than a test of anything else would.
package func withoutSendLimits(_ limits: inout Configuration.Limits) {
  for limit: WritableKeyPath<Configuration.Limits, Int> in [
    \.sendsPerNumberPerHour, \.sendsPerNumberPerDay, \.sendsPerAccountPerHour,
    \.sendsPerAccountPerDay, \.sendsPerPrefixPerHour, \.sendsPerPrefixPerDay,
    \.sendsPerAddressPerHour, \.sendsPerAddressPerDay, \.anonymousSendsPerNumberPerHour,
  ] {
    limits[keyPath: limit] = 1_000_000
  }
}

/// Runs an act so many times on threads of their own and returns what each returned.
package func atOnce<Value: Sendable>(
  _ count: Int, _ act: @escaping @Sendable (Int) -> Value
) -> [Value] {
  let results = Results<Value>(count)
  let threads = (0..<count).map { index in
    SystemThread.start { results.set(index, act(index)) }
  }
  for thread in threads { thread.join() }
  return results.all
}

private final class Results<Value: Sendable>: Sendable {
  private let values: Mutex<[Value?]>

  init(_ count: Int) {
    values = Mutex(Array(repeating: nil, count: count))
  }

  func set(_ index: Int, _ value: Value) {
    values.withLock { $0[index] = value }
  }

  var all: [Value] { values.withLock { $0.compactMap { $0 } } }
}
