import FoundationEssentials

/// The users of a database that `countersignctl up` keeps itself; on a database of the operator's
/// they are the operator's.
package struct DatabaseUsers {
  private let connection: Connection

  package init(_ connection: Connection) {
    self.connection = connection
  }

  /// Makes a user that signs in by the local socket, or gives it this password, and takes what an earlier version granted it.
  ///
  /// `CREATE USER` takes no binds; names are ours, and a password is hexadecimal.
  package func make(_ user: String, password: Secret) throws(DatabaseError) {
    let text = password.reveal()
    precondition(text.utf8.allSatisfy(Hexadecimal.isDigit), "a password of ours is hexadecimal")
    try connection.executeScript(
      """
      CREATE USER IF NOT EXISTS '\(user)'@'localhost' IDENTIFIED BY '\(text)';
      ALTER USER '\(user)'@'localhost' IDENTIFIED BY '\(text)';
      REVOKE ALL PRIVILEGES, GRANT OPTION FROM '\(user)'@'localhost';
      """)
  }

  /// Grants what a file says.
  package func grant(fromFile path: String) throws {
    try connection.executeScript(try String(contentsOfFile: path, encoding: .utf8))
  }
}
