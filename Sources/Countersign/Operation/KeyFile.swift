import FoundationEssentials
import Glibc

/// The file that a key ring is read from.
package struct KeyFile {
  private let path: String

  package init(_ path: String) {
    self.path = path
  }

  /// Puts a new key before all others, and returns its id.
  ///
  /// - Throws: also while another rotation runs.
  package func addKey() throws -> UInt32 {
    let lock = unsafe open("\(path).lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(lock) }
    guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      throw OperatorError("Another program changes the key file \(path).")
    }
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw OperatorError("The key file \(path) cannot be read.")
    }
    let entries = text.split(whereSeparator: { $0 == "," || $0 == "\n" }).filter {
      !$0.allSatisfy { $0 == " " }
    }
    let ids = entries.compactMap { entry in
      entry.split(separator: ":").first.flatMap { UInt32($0.filter { $0 != " " }) }
    }
    let id = (ids.max() ?? 0) + 1
    let key = "\(id):\(Data(Random.bytes(32)).base64EncodedString())"
    let ring = ([key] + entries.map(String.init)).joined(separator: ",")
    do {
      _ = try KeyRing(parsing: ring)
    } catch {
      throw OperatorError("The key file \(path) \(error.reason).")
    }
    try write(ring)
    return id
  }

  /// Writes the whole file anew, in one step: no reader sees half of it, and a crash leaves the old
  /// one. Its owner, group, and mode stay as they are; a new one is for its owner alone.
  func write(_ text: String) throws {
    var status = stat()
    let exists = unsafe stat(path, &status) == 0
    let new = "\(path).new"
    let descriptor = unsafe open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    defer { close(descriptor) }
    let bytes = Array("\(text)\n".utf8)
    guard descriptor >= 0, unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count,
      !exists
        || fchown(descriptor, status.st_uid, status.st_gid) == 0
          && fchmod(descriptor, status.st_mode & 0o777) == 0,
      fsync(descriptor) == 0,
      unsafe rename(new, path) == 0
    else { throw OperatorError("The key file \(path) cannot be written.") }
    // What is sealed from now on needs the new key: its name must survive a power failure as well.
    let directory = unsafe open(
      "/" + path.split(separator: "/").dropLast().joined(separator: "/"), O_RDONLY | O_CLOEXEC)
    defer { close(directory) }
    guard directory >= 0, fsync(directory) == 0 else {
      throw OperatorError("The directory of the key file \(path) cannot be written.")
    }
  }
}
