import FoundationEssentials
import Glibc

/// The file that a key ring is read from.
package struct KeyFile {
  private let path: String

  package init(_ path: String) {
    self.path = path
  }

  /// Puts a new key before all others, and returns its id.
  package func addKey() throws -> UInt32 {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw OperatorError("The key file \(path) cannot be read.")
    }
    let ids = text.split(whereSeparator: { $0 == "," || $0 == "\n" }).compactMap { entry in
      entry.split(separator: ":").first.flatMap { UInt32($0.filter { $0 != " " }) }
    }
    let id = (ids.max() ?? 0) + 1
    let kept = text.filter { $0 != "\n" }
    try write("\(id):\(Data(Random.bytes(32)).base64EncodedString()),\(kept)")
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
  }
}
