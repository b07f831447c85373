import CMariaDB
import Glibc

/// One worker's connection to MariaDB.
///
/// It connects when it is first used, and again whenever it was lost: a worker survives a restart
/// of the server without noticing more than a failed or repeated transaction. A lost connection
/// takes its prepared statements and its open transaction with it; `transaction` runs its closure
/// again from the beginning, and a single statement outside one is repeated only when it was not
/// sent.
///
/// Used by the thread that made it and no other; it is not `Sendable`, so the compiler keeps it
/// there. See <https://mariadb.com/kb/en/mariadb-connector-c/>.
@safe package final class Connection {
  private let location: DatabaseLocation
  private let purpose: Purpose
  private var handle: UnsafeMutablePointer<MYSQL>?
  private var statements: [String: Statement] = [:]
  private var isInTransaction = false
  /// The host that answered last is tried first, so that a cluster is written through one node
  /// while it lasts.
  private var preferredHost = 0

  /// Seconds until a connection attempt is given up.
  private static let connectSeconds: UInt32 = 2

  /// Initialises the client library, before the first thread uses it.
  ///
  /// The corresponding C function is `mysql_library_init`.
  package static func initializeLibrary() {
    // The macro's own expansion: mysql_library_init is mysql_server_init.
    mysql_server_init(0, nil, nil)
  }

  /// Whom a connection serves, and so how long a statement may take.
  package enum Purpose: Sendable {
    /// A request: a statement that takes seconds is given up.
    case service
    /// An operator: a migration may take as long as it needs.
    case operation

    fileprivate var statementSeconds: Int { self == .service ? 5 : 0 }
    /// How long a transaction may hold its locks and do nothing: a process that was stopped in the middle
    /// of one must not keep the others waiting.
    fileprivate var idleSeconds: Int { self == .service ? 10 : 0 }
    fileprivate var readSeconds: UInt32 { self == .service ? 10 : 24 * 3_600 }
  }

  package init(_ location: DatabaseLocation, for purpose: Purpose = .service) {
    self.location = location
    self.purpose = purpose
  }

  deinit {
    disconnect()
  }

  // MARK: Statements

  /// Executes a statement.
  ///
  /// - Returns: how many rows were changed, or found.
  @discardableResult
  package func execute(_ sql: SQL) throws(DatabaseError) -> Int {
    try run(sql) { _ in }
  }

  /// All rows of a query.
  package func all(_ sql: SQL) throws(DatabaseError) -> [Row] {
    var rows: [Row] = []
    _ = try run(sql) { rows.append($0) }
    return rows
  }

  /// The first row of a query.
  package func first(_ sql: SQL) throws(DatabaseError) -> Row? {
    var first: Row?
    _ = try run(sql) { if first == nil { first = $0 } }
    return first
  }

  private func run(_ sql: SQL, _ eachRow: (Row) -> Void) throws(DatabaseError) -> Int {
    var attempt = 1
    while true {
      let wasConnected = unsafe handle != nil
      do {
        return try statement(sql.text).execute(sql.values, eachRow)
      } catch {
        if error.isConnectionLost { disconnect() }
        guard !isInTransaction, attempt < 5, Self.wasUndone(error, wasConnected) else {
          throw error
        }
        usleep(UInt32.random(in: 200...1_000) * UInt32(1 << attempt))
        attempt += 1
      }
    }
  }

  /// True when a statement outside a transaction certainly changed nothing, so that it can be sent
  /// again.
  ///
  /// A deadlock undoes it. A connection that had been idle may have died unnoticed:
  /// CR_SERVER_GONE_ERROR (2006) says that the statement was never sent, whereas with
  /// CR_SERVER_LOST (2013) it may have been executed.
  private static func wasUndone(_ error: DatabaseError, _ wasConnected: Bool) -> Bool {
    error.code == .deadlock || error.code == .recordChanged
      || error.code.rawValue == 2006 && wasConnected
  }

  private func statement(_ text: String) throws(DatabaseError) -> Statement {
    if let statement = statements[text] { return statement }
    let statement = try unsafe Statement(try connected(), text)
    // Lists in IN (…) make texts of many lengths; a cache that has grown past every text we wrote
    // starts over.
    if statements.count >= 256 { statements = [:] }
    statements[text] = statement
    return statement
  }

  // MARK: Transactions

  /// Runs a closure as one transaction, and all of it again when the database asks for that.
  ///
  /// Deadlocks (1213), lock waits that took too long (1205), snapshot conflicts (1020), and lost
  /// connections make it run again, at most five times with growing pauses. So the closure reads
  /// and writes the database and does nothing else: no message is sent, no provider is called, and
  /// nothing outside is changed that a second run would change again.
  ///
  /// A commit whose answer was lost may have happened. Every closure's changes are guarded, so that
  /// running it again then finds its work done and reports a refusal rather than doing it twice.
  ///
  /// - Parameter beforeAgain: called outside the transaction before it runs again, for what keeps it
  ///   from meeting the same others in the same way.
  @discardableResult
  package func transaction<Result>(
    beforeAgain: () throws -> Void = {}, _ body: () throws -> Result
  ) throws -> Result {
    precondition(!isInTransaction, "transactions do not nest")
    var attempt = 1
    while true {
      do {
        if attempt > 1 { try beforeAgain() }
        return try runTransaction(body)
      } catch let error as DatabaseError where error.isRetryable && attempt < 5 {
        // Jitter parts those who met.
        usleep(UInt32.random(in: 500...2_000) * UInt32(1 << attempt))
        attempt += 1
      }
    }
  }

  private func runTransaction<Result>(_ body: () throws -> Result) throws -> Result {
    try command("START TRANSACTION")
    isInTransaction = true
    defer { isInTransaction = false }
    do {
      let result = try body()
      try command("COMMIT")
      return result
    } catch {
      if unsafe handle != nil {
        do {
          try command("ROLLBACK")
        } catch {
          // A transaction that cannot be rolled back ends with its connection.
          disconnect()
        }
      }
      throw error
    }
  }

  /// Sends a statement without values or result in the text protocol: one round trip, and nothing
  /// to prepare.
  private func command(_ text: StaticString) throws(DatabaseError) {
    for attempt in 1...2 {
      let handle = try unsafe connected()
      let failed =
        unsafe mysql_real_query(
          handle, UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self),
          UInt(text.utf8CodeUnitCount)) != 0
      guard failed else { return }
      let error = unsafe DatabaseError(
        .init(rawValue: mysql_errno(handle)), statement: text.description)
      if error.isConnectionLost { disconnect() }
      // Only the start of a transaction may be sent on a new connection: there is nothing before it
      // to lose.
      guard error.isConnectionLost, !isInTransaction, attempt == 1 else { throw error }
    }
  }

  /// Executes a text of several statements, which the server takes apart; for migrations.
  ///
  /// The corresponding C functions are `mysql_real_query` and `mysql_next_result`.
  package func executeScript(_ text: String) throws(DatabaseError) {
    let handle = try unsafe connected()
    unsafe mysql_set_server_option(handle, MYSQL_OPTION_MULTI_STATEMENTS_ON)
    defer { unsafe mysql_set_server_option(handle, MYSQL_OPTION_MULTI_STATEMENTS_OFF) }
    var status = unsafe mysql_real_query(handle, text, UInt(text.utf8.count))
    while status == 0 {
      if let result = unsafe mysql_store_result(handle) { unsafe mysql_free_result(result) }
      status = unsafe mysql_next_result(handle)
    }
    // -1: no more results; above: a statement failed.
    guard status == -1 else {
      throw unsafe DatabaseError(
        .init(rawValue: mysql_errno(handle)), statement: String(cString: mysql_error(handle)))
    }
  }

  // MARK: Life

  private func connected() throws(DatabaseError) -> UnsafeMutablePointer<MYSQL> {
    if let handle = unsafe handle { return unsafe handle }
    var failure = DatabaseError(.init(rawValue: 2003))
    for offset in location.hosts.indices {
      let index = (preferredHost + offset) % location.hosts.count
      do throws(DatabaseError) {
        let handle = try unsafe open(location.hosts[index])
        preferredHost = index
        unsafe self.handle = unsafe handle
        return unsafe handle
      } catch {
        failure = error
      }
    }
    throw failure
  }

  /// Connects to one host and sets the session up.
  ///
  /// The corresponding C function is `mysql_real_connect`.
  private func open(_ host: DatabaseLocation.Host) throws(DatabaseError) -> UnsafeMutablePointer<
    MYSQL
  > {
    guard let handle = unsafe mysql_init(nil) else { throw DatabaseError(.init(rawValue: 2008)) }
    unsafe cmariadb_set_uint(handle, MYSQL_OPT_CONNECT_TIMEOUT, Self.connectSeconds)
    unsafe cmariadb_set_uint(handle, MYSQL_OPT_READ_TIMEOUT, purpose.readSeconds)
    unsafe cmariadb_set_uint(handle, MYSQL_OPT_WRITE_TIMEOUT, 10)
    unsafe cmariadb_set_string(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4")
    if location.tls == .required {
      unsafe cmariadb_set_bool(handle, MYSQL_OPT_SSL_ENFORCE, 1)
      unsafe cmariadb_set_bool(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, 1)
      if let authority = location.certificateAuthority {
        unsafe cmariadb_set_string(handle, MYSQL_OPT_SSL_CA, authority)
      }
    }
    // Without CLIENT_FOUND_ROWS: affected rows must count those that changed, which every guard
    // relies on.
    let opened = unsafe mysql_real_connect(
      handle, location.socket == nil ? host.name : "localhost", location.user,
      location.password.reveal(),
      location.database, host.port, location.socket, 0)
    if unsafe opened == nil {
      let code = unsafe mysql_errno(handle)
      unsafe mysql_close(handle)
      throw DatabaseError(.init(rawValue: code), statement: "connect")
    }
    let settings = """
      SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
        time_zone = '+00:00', tx_isolation = 'READ-COMMITTED', autocommit = 1, max_statement_time = \(purpose.statementSeconds),
        innodb_lock_wait_timeout = 5, idle_write_transaction_timeout = \(purpose.idleSeconds)
      """
    if unsafe mysql_real_query(handle, settings, UInt(settings.utf8.count)) != 0 {
      let code = unsafe mysql_errno(handle)
      unsafe mysql_close(handle)
      throw DatabaseError(.init(rawValue: code), statement: "connect")
    }
    return unsafe handle
  }

  /// Closes; the next use connects again.
  package func disconnect() {
    statements = [:]
    if let handle = unsafe handle { unsafe mysql_close(handle) }
    unsafe handle = nil
  }

  /// Throws unless the database answers.
  package func ping() throws(DatabaseError) {
    try execute("SELECT 1")
  }
}
