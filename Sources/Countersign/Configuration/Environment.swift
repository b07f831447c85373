import FoundationEssentials
import Glibc

/// The variables a program is configured by: its environment, and a `.env` file behind it.
///
/// `NAME_FILE` names a file that holds the value of `NAME`, so that a secret need not stand in the
/// process table. Every fault is collected, and all of them are told at once.
package struct Environment: Sendable {
  private let values: [String: String]
  package private(set) var faults: [String] = []

  /// - Parameter file: a `.env` file whose values stand behind those given; skipped when it does
  ///   not exist.
  package init(_ values: [String: String], file: String? = nil) {
    var all = file.map(Self.variables) ?? [:]
    all.merge(values) { $1 }
    self.values = all
  }

  /// The variables of a `.env` file; none when it cannot be read.
  package static func variables(inFile path: String) -> [String: String] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [:] }
    var variables: [String: String] = [:]
    for line in text.utf8.split(whereSeparator: {
      $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r")
    }) {
      guard let (name, value) = assignment(Substring(line)) else { continue }
      variables[name] = value
    }
    return variables
  }

  /// The environment of this process and `.env` in its working directory.
  package static func current() -> Environment {
    Environment(ProcessInfo.processInfo.environment, file: ".env")
  }

  /// `NAME=value`, with `export` before it and quotes around the value allowed; nil for comments
  /// and blank lines.
  private static func assignment(_ line: Substring) -> (String, String)? {
    var line = line.drop { $0 == " " || $0 == "\t" }
    if line.hasPrefix("export ") { line = line.dropFirst("export ".count) }
    guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { return nil }
    let name = String(line[..<equals])
    var value = line[line.index(after: equals)...]
    while value.last == " " || value.last == "\t" { value.removeLast() }
    for quote in ["\"", "'"]
    where value.count >= 2 && value.hasPrefix(quote) && value.hasSuffix(quote) {
      value = value.dropFirst().dropLast()
      break
    }
    return name.isEmpty ? nil : (name, String(value))
  }

  /// Adds a fault, as one sentence that begins with the variable's name.
  package mutating func fault(_ sentence: String) {
    faults.append(sentence)
  }

  /// The value of a variable; nil when it is missing or empty.
  package mutating func value(_ name: String) -> String? {
    if let value = values[name], !value.isEmpty { return value }
    guard let path = values["\(name)_FILE"], !path.isEmpty else { return nil }
    guard var text = try? String(contentsOfFile: path, encoding: .utf8) else {
      fault("\(name)_FILE names a file that cannot be read.")
      return nil
    }
    while let last = text.utf8.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") {
      text = String(decoding: text.utf8.dropLast(), as: UTF8.self)
    }
    return text.isEmpty ? nil : text
  }

  /// The file that the value of a variable comes from; nil when it comes from none.
  package func file(_ name: String) -> String? {
    guard (values[name] ?? "").isEmpty, let path = values["\(name)_FILE"], !path.isEmpty else {
      return nil
    }
    return path
  }

  /// The value of a variable that must be there; empty, with a fault, when it is not.
  package mutating func required(_ name: String) -> String {
    if let value = value(name) { return value }
    fault("\(name) is missing.")
    return ""
  }

  /// A whole number within bounds.
  package mutating func integer(_ name: String, default fallback: Int, in range: ClosedRange<Int>)
    -> Int
  {
    guard let text = value(name) else { return fallback }
    guard let number = Int(text), range.contains(number) else {
      fault("\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound).")
      return fallback
    }
    return number
  }

  /// The address of a provider's API, without a slash at its end; nil, with a fault, when it is no URL, or one
  /// that is not encrypted and not on this machine.
  package mutating func providerURL(_ name: String, _ fallback: String) -> String? {
    let url = value(name) ?? fallback
    guard url.hasPrefix("https://") || Self.isLocal(url) else {
      fault("\(name) must begin with https://: codes are sent to it.")
      return nil
    }
    return url.hasSuffix("/") ? String(url.dropLast()) : url
  }

  /// True for an address on this machine.
  package static func isLocal(_ url: String) -> Bool {
    ["http://127.0.0.1", "http://localhost", "http://[::1]"].contains {
      url == $0 || url.hasPrefix("\($0):") || url.hasPrefix("\($0)/")
    }
  }

  /// A value read by its type, with a fault that says what was expected when it cannot be.
  package mutating func parsed<Value>(_ name: String, expected: String, _ parse: (String) -> Value?)
    -> Value?
  {
    guard let text = value(name) else { return nil }
    if let parsed = parse(text) { return parsed }
    fault("\(name) must be \(expected).")
    return nil
  }
}
