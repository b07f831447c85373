import FoundationEssentials

/// Where the programs and the files they need are.
package struct Installation {
  /// The directory of the programs.
  package let programs: String
  /// The directory that holds `db/` and `nginx/`.
  package let root: String

  /// Found from this program's own place: a build directory of the source tree, or an installed
  /// system.
  package init() throws {
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    var directory = own.split(separator: "/").dropLast()
    programs = "/" + directory.joined(separator: "/")
    while !directory.isEmpty {
      let candidate = "/" + directory.joined(separator: "/")
      if Self.isRoot(candidate) {
        root = candidate
        return
      }
      directory.removeLast()
    }
    guard Self.isRoot("/usr/share/countersign") else {
      throw OperatorError(
        "The directories db and nginx are not found beside this program or in /usr/share/countersign."
      )
    }
    root = "/usr/share/countersign"
  }

  private static func isRoot(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(path)/db/migrations")
      && FileManager.default.fileExists(atPath: "\(path)/nginx/nginx.conf")
  }

  package var migrations: String { "\(root)/db/migrations" }

  /// A program of the system's, by the first place of `PATH` or the usual ones of Debian that has
  /// it.
  package static func find(_ name: String) throws -> String {
    let paths = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(
      String.init)
    for path in paths + ["/usr/sbin", "/usr/bin", "/sbin", "/bin"] {
      if FileManager.default.isExecutableFile(atPath: "\(path)/\(name)") {
        return "\(path)/\(name)"
      }
    }
    throw OperatorError("\(name) is not installed.")
  }
}
