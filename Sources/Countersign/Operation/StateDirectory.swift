import FoundationEssentials
import Glibc

/// The directory of one system: everything that it keeps, and how its parts reach each other.
package struct StateDirectory {
  package let path: String

  /// - Parameter path: absolute, or below the working directory.
  package init(_ path: String) {
    self.path = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
  }

  package var data: String { "\(path)/data" }
  package var run: String { "\(path)/run" }
  package var logs: String { "\(path)/logs" }
  package var nginx: String { "\(path)/nginx" }
  package var databaseSocket: String { "\(path)/mariadb.sock" }
  /// The key ring; a file of its own, since keys are added while the system runs.
  package var keysFile: String { "\(path)/keys" }
  private var environmentFile: String { "\(path)/environment" }
  private var secretsFile: String { "\(path)/secrets" }

  /// Makes what is missing; nobody but the owner may look inside.
  package func prepare() throws {
    for directory in [path, data, run, logs, nginx, "\(nginx)/enabled", "\(nginx)/temp"] {
      do {
        try FileManager.default.createDirectory(
          atPath: directory, withIntermediateDirectories: true)
      } catch {
        throw OperatorError("The directory \(directory) cannot be made.")
      }
      unsafe chmod(directory, 0o700)
    }
    guard "\(run)/verify-phone.sock".utf8.count < 100 else {
      throw OperatorError("The path of the state directory is too long for the sockets in it.")
    }
  }

  /// Keeps other `up`s out of this directory while this one lives.
  ///
  /// - Returns: the descriptor that holds the lock.
  package func lock() throws -> Int32 {
    let descriptor = unsafe open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw OperatorError("Another countersignctl up runs in \(path).")
    }
    return descriptor
  }

  // MARK: Secrets

  /// The passwords of a system that runs by itself, made once, and later for what it has gained.
  package func secrets() throws -> [String: String] {
    let known = (try? String(contentsOfFile: secretsFile, encoding: .utf8)).map(Self.parse) ?? [:]
    var secrets = [
      "TWILIO_ACCOUNT_SID": "AC\(Hexadecimal.encode(Random.bytes(16)))",
      "TWILIO_AUTH_TOKEN": Hexadecimal.encode(Random.bytes(16)),
      "VONAGE_API_SECRET": Hexadecimal.encode(Random.bytes(16)),
      "VONAGE_SIGNATURE_SECRET": Hexadecimal.encode(Random.bytes(32)),
      "SENDGRID_API_KEY": "SG.\(Hexadecimal.encode(Random.bytes(24)))",
    ]
    for program in Part.databaseUsers {
      secrets["PASSWORD_\(program)"] = Hexadecimal.encode(Random.bytes(24))
    }
    secrets.merge(known) { $1 }
    if !FileManager.default.fileExists(atPath: keysFile) {
      // New keys would open nothing of a database that is there, and hide that the old ones are lost.
      guard known["COUNTERSIGN_KEYS"] != nil || !FileManager.default.fileExists(atPath: secretsFile)
      else { throw OperatorError("The key file \(keysFile) is missing; restore it from a backup.") }
      try KeyFile(keysFile).write(
        known["COUNTERSIGN_KEYS"] ?? "1:\(Data(Random.bytes(32)).base64EncodedString())")
    }
    secrets["COUNTERSIGN_KEYS"] = nil
    if secrets != known { try write(secrets, to: secretsFile) }
    return secrets
  }

  /// Keeps one more secret with the others.
  package func keep(_ secret: Secret, as name: String) throws {
    var secrets = try secrets()
    secrets[name] = secret.reveal()
    try write(secrets, to: secretsFile)
  }

  /// Records what the system runs with, for the other commands.
  package func record(_ environment: [String: String]) throws {
    try write(environment, to: environmentFile)
  }

  /// What a command goes by: the environment, then the file, then what `up` recorded here.
  package func environment(envFile: String?) throws -> Environment {
    var values =
      (try? String(contentsOfFile: environmentFile, encoding: .utf8)).map(Self.parse) ?? [:]
    values.merge(try Self.read(envFile: envFile)) { $1 }
    values.merge(ProcessInfo.processInfo.environment) { $1 }
    return Environment(values)
  }

  /// The variables of a file; those of `.env` when none is named and there is one.
  package static func read(envFile: String?) throws -> [String: String] {
    if let envFile {
      guard FileManager.default.fileExists(atPath: envFile) else {
        throw OperatorError("There is no file \(envFile).")
      }
      return Environment.variables(inFile: envFile)
    }
    return Environment.variables(inFile: ".env")
  }

  private static func parse(_ text: String) -> [String: String] {
    var values: [String: String] = [:]
    for line in text.split(separator: "\n") {
      guard let equals = line.firstIndex(of: "=") else { continue }
      values[String(line[..<equals])] = String(line[line.index(after: equals)...])
    }
    return values
  }

  private func write(_ values: [String: String], to file: String) throws {
    let text = values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined()
    let descriptor = unsafe open("\(file).new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    let bytes = Array(text.utf8)
    guard descriptor >= 0, unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count,
      fsync(descriptor) == 0,
      unsafe rename("\(file).new", file) == 0
    else { throw OperatorError("The file \(file) cannot be written.") }
    close(descriptor)
  }
}
