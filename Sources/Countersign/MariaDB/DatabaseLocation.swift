/// Where the database is, and how to sign in: the value of `DATABASE_URL`.
///
///     mariadb://user:password@host:3306,other:3306/countersign?tls=required
///     mariadb://user:password@localhost/countersign?socket=/run/mysqld/mysqld.sock
package struct DatabaseLocation: Sendable {
  package struct Host: Sendable, Equatable {
    package let name: String
    package let port: UInt32
  }

  package enum TLS: String, Sendable {
    /// The default for a host that is not this one. The server's certificate is verified against
    /// the system's authorities, or `ca`.
    case required
    case off
  }

  /// Tried in turn.
  package var hosts: [Host]
  package var socket: String?
  package var user: String
  package var password: Secret
  package var database: String
  package var tls: TLS
  /// A file of trusted certificates, for a server whose certificate is not publicly signed.
  package var certificateAuthority: String?

  /// A server on this machine, by its socket.
  package init(socket: String, user: String, password: Secret, database: String) {
    hosts = [Host(name: "localhost", port: 3306)]
    self.socket = socket
    self.user = user
    self.password = password
    self.database = database
    tls = .off
  }

  /// Nil when the text is no such URL.
  ///
  /// A list of hosts is not a URL's host, so the text is cut at its delimiters here.
  package init?(_ text: String) {
    guard let scheme = ["mariadb://", "mysql://"].first(where: text.hasPrefix) else { return nil }
    let halves = text.dropFirst(scheme.count).split(separator: "?", maxSplits: 1)
    guard let authority = halves.first, let slash = authority.firstIndex(of: "/"),
      let database = Self.decoded(authority[authority.index(after: slash)...]), !database.isEmpty
    else { return nil }
    let places: Substring
    if let at = authority[..<slash].lastIndex(of: "@") {
      let login = authority[..<at].split(
        separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard let user = Self.decoded(login[0]),
        let password = login.count == 2 ? Self.decoded(login[1]) : ""
      else { return nil }
      self.user = user
      self.password = Secret(password)
      places = authority[authority.index(after: at)..<slash]
    } else {
      user = "root"
      password = Secret("")
      places = authority[..<slash]
    }
    var hosts: [Host] = []
    for place in places.split(separator: ",") {
      let parts = place.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count <= 2, !parts[0].isEmpty,
        let port = parts.count == 2 ? UInt32(parts[1]) : 3306
      else { return nil }
      hosts.append(Host(name: String(parts[0]), port: port))
    }
    guard !hosts.isEmpty else { return nil }
    self.hosts = hosts
    self.database = database
    // What leaves this machine is encrypted unless an operator says otherwise.
    let isLocal = hosts.allSatisfy { $0.name == "localhost" || $0.name.hasPrefix("127.") }
    tls = isLocal ? .off : .required
    guard halves.count == 2 else { return }
    guard let options = FormFields(parsing: Array(halves[1].utf8)) else { return nil }
    for (name, value) in options.pairs {
      switch name {
      case "socket":
        socket = value
        tls = .off
      case "ca": certificateAuthority = value
      case "tls":
        guard let tls = TLS(rawValue: value) else { return nil }
        self.tls = tls
      default: return nil
      }
    }
  }

  private static func decoded(_ text: Substring) -> String? {
    PercentEncoding.decode(ArraySlice(text.utf8), plusIsSpace: false)
  }
}
