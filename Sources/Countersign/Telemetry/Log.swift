package import Logging
import FoundationEssentials
import Glibc

/// The log: one line an event on standard error, JSON or text, each with a constant message and its
/// values as fields.
///
/// No line holds a code, a token, a key, or a whole phone number: flows put ids into fields, and
/// secrets are a type that prints as `(secret)`.
package enum Log {
  package enum Format: String, Sendable {
    case json, text
  }

  /// How much is logged, and how.
  package struct Settings: Sendable {
    package var level: Logger.Level
    package var format: Format

    package init(level: Logger.Level, format: Format) {
      self.level = level
      self.format = format
    }
  }

  package static func make(_ program: String, _ settings: Settings) -> Logger {
    var logger = Logger(label: program) { LineHandler(program: $0, format: settings.format) }
    logger.logLevel = settings.level
    return logger
  }

  /// Writes one line to standard error in a single call, so that lines of several threads do not
  /// mix.
  package static func writeLine(_ line: String) {
    write(Array(line.utf8) + [UInt8(ascii: "\n")])
  }

  /// Whether standard error is a pipe or a socket, whose reader may have stopped reading.
  private static let mayBlock: Bool = {
    var status = stat()
    guard unsafe fstat(2, &status) == 0 else { return false }
    return status.st_mode & S_IFMT == S_IFIFO || status.st_mode & S_IFMT == S_IFSOCK
  }()

  /// Writes one whole line, or drops it when the log takes none: a log that nobody reads must not
  /// stop what it tells of.
  fileprivate static func write(_ line: [UInt8]) {
    if mayBlock {
      var request = pollfd(fd: 2, events: Int16(POLLOUT), revents: 0)
      guard unsafe poll(&request, 1, 0) == 1, request.revents & Int16(POLLOUT) != 0 else { return }
    }
    _ = unsafe line.withUnsafeBytes { unsafe Glibc.write(2, $0.baseAddress, $0.count) }
  }
}

private struct LineHandler: LogHandler {
  let program: String
  let format: Log.Format
  var logLevel: Logger.Level = .info
  var metadata: Logger.Metadata = [:]

  init(program: String, format: Log.Format) {
    self.program = program
    self.format = format
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var line: [UInt8] = []
    line.reserveCapacity(256)
    switch format {
    case .json:
      line.append(contentsOf: #"{"time":""#.utf8)
      Timestamp.append(to: &line)
      line.append(contentsOf: #"","level":""#.utf8)
      line.append(contentsOf: event.level.rawValue.utf8)
      field("program", program, &line)
      field("message", event.message.description, &line)
      for (key, value) in metadata { field(key, value.description, &line) }
      if let metadata = event.metadata {
        for (key, value) in metadata { field(key, value.description, &line) }
      }
      line.append(contentsOf: "\"}\n".utf8)
    case .text:
      Timestamp.append(to: &line)
      line.append(contentsOf: " \(event.level.rawValue) \(program): \(event.message)".utf8)
      for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }) {
        line.append(contentsOf: " \(key)=".utf8)
        escape(value.description, &line)
      }
      line.append(UInt8(ascii: "\n"))
    }
    Log.write(line)
  }

  /// Closes the text of the field before, and opens this one.
  private func field(_ name: String, _ value: String, _ line: inout [UInt8]) {
    line.append(contentsOf: "\",\"".utf8)
    line.append(contentsOf: name.utf8)
    line.append(contentsOf: "\":\"".utf8)
    escape(value, &line)
  }

  /// Escapes what would end a JSON string or a line: quotes, backslashes, and control characters.
  private func escape(_ text: String, _ line: inout [UInt8]) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        line.append(UInt8(ascii: "\\"))
        line.append(byte)
      case 0..<0x20, 0x7F:
        line.append(contentsOf: "\\u00".utf8)
        line.append(contentsOf: Hexadecimal.encode([byte]).utf8)
      default:
        line.append(byte)
      }
    }
  }
}

/// The time of a log line, RFC 3339 in UTC with milliseconds.
private enum Timestamp {
  static func append(to line: inout [UInt8]) {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    var parts = unsafe tm()
    unsafe gmtime_r(&now.tv_sec, &parts)
    unsafe digits(Int(parts.tm_year) + 1900, 4, &line)
    line.append(UInt8(ascii: "-"))
    unsafe digits(Int(parts.tm_mon) + 1, 2, &line)
    line.append(UInt8(ascii: "-"))
    unsafe digits(Int(parts.tm_mday), 2, &line)
    line.append(UInt8(ascii: "T"))
    unsafe digits(Int(parts.tm_hour), 2, &line)
    line.append(UInt8(ascii: ":"))
    unsafe digits(Int(parts.tm_min), 2, &line)
    line.append(UInt8(ascii: ":"))
    unsafe digits(Int(parts.tm_sec), 2, &line)
    line.append(UInt8(ascii: "."))
    digits(now.tv_nsec / 1_000_000, 3, &line)
    line.append(UInt8(ascii: "Z"))
  }

  private static func digits(_ value: Int, _ count: Int, _ line: inout [UInt8]) {
    var divisor = 1
    for _ in 1..<count { divisor *= 10 }
    while divisor > 0 {
      line.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }
}
