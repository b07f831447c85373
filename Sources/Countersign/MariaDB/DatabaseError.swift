import CMariaDB

/// What the database said no to: its error number, its message, and the statement, never the
/// values.
///
/// The message of a duplicate entry quotes the value, so it is left out of the description; the
/// number and the statement say what happened.
package struct DatabaseError: Error, CustomStringConvertible {
  package let code: Code
  /// The statement's text with `?` for its values; empty when there was none.
  package let statement: String

  /// A server's or client's error number. Only those that we branch on have names.
  package struct Code: RawRepresentable, Equatable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
      self.rawValue = rawValue
    }

    /// ER_DUP_ENTRY
    package static let duplicateEntry = Code(rawValue: 1062)
    /// ER_LOCK_DEADLOCK
    package static let deadlock = Code(rawValue: 1213)
    /// ER_LOCK_WAIT_TIMEOUT
    package static let lockWaitTimeout = Code(rawValue: 1205)
    /// ER_CHECKREAD: the row changed under a snapshot.
    package static let recordChanged = Code(rawValue: 1020)
    /// ER_STATEMENT_TIMEOUT
    package static let statementTimeout = Code(rawValue: 1969)
    /// ER_NO_SUCH_TABLE
    package static let noSuchTable = Code(rawValue: 1146)
    /// ER_UNKNOWN_COM_ERROR, which a Galera node answers while it is not part of a majority.
    package static let notReady = Code(rawValue: 1047)
    /// A value of ours, outside both ranges: a column is missing or of another type than its record
    /// says.
    package static let undecodable = Code(rawValue: 0)
  }

  package init(_ code: Code, statement: String = "") {
    self.code = code
    self.statement = statement
  }

  /// True when the connection is of no use any more.
  ///
  /// Client errors (2000 to 2999) other than misuse, and the server's words for ending a
  /// connection.
  package var isConnectionLost: Bool {
    switch code.rawValue {
    case 2002, 2003, 2006, 2013, 2055, 2026: true
    // ER_SERVER_SHUTDOWN, ER_NORMAL_SHUTDOWN, ER_SHUTDOWN_COMPLETE, ER_CONNECTION_KILLED,
    // ER_CON_COUNT_ERROR
    case 1053, 1077, 1079, 1927, 1040: true
    case Code.notReady.rawValue: true
    default: false
    }
  }

  /// True when the same transaction, run again from its beginning, may succeed.
  package var isRetryable: Bool {
    switch code {
    case .deadlock, .lockWaitTimeout, .recordChanged: true
    default: isConnectionLost
    }
  }

  /// True when a caller should come back, and nothing is wrong with the program.
  package var isTransient: Bool { isRetryable || code == .statementTimeout }

  package var description: String { "database error \(code.rawValue) in: \(statement)" }
}
