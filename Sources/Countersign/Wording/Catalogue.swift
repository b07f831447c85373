/// The texts of every language, as they stand in the files under `Templates`.
///
/// A file is a list of sections, `[name]` and the lines until the next; `#` begins a comment before the
/// first of them. `{value}` is filled in. Every language has every text; one that has not speaks English.
enum Catalogue {
  private static let files: [(language: String, bytes: [UInt8])] = [
    ("en", PackageResources.en_txt), ("es", PackageResources.es_txt),
    ("fr", PackageResources.fr_txt), ("de", PackageResources.de_txt),
    ("pt", PackageResources.pt_txt), ("am", PackageResources.am_txt),
  ]

  static let languages = files.map(\.language)

  private static let texts: [String: [String: Template]] = Dictionary(
    uniqueKeysWithValues: files.map { ($0.language, parse($0.bytes)) })

  /// The text of a name; nil where there is none.
  static func find(_ name: String, _ language: Language) -> Template? {
    texts[language.code]?[name] ?? texts[Language.english.code]?[name]
  }

  /// The names that a language has texts for.
  static func names(in language: String) -> Set<String> { Set((texts[language] ?? [:]).keys) }

  /// The frame of mail as HTML.
  static let mailFrame = Template(String(decoding: PackageResources.mail_html, as: UTF8.self))

  private static func parse(_ bytes: [UInt8]) -> [String: Template] {
    var sections: [String: Template] = [:]
    var name: String?
    var lines: [Substring] = []
    func end() {
      guard let name else { return }
      while lines.last?.isEmpty == true { lines.removeLast() }
      sections[name] = Template(lines.joined(separator: "\n"))
    }
    let text = String(decoding: bytes, as: UTF8.self)
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("["), line.hasSuffix("]") {
        end()
        name = String(line.dropFirst().dropLast())
        lines = []
      } else if name != nil {
        lines.append(line)
      }
    }
    end()
    return sections
  }
}

/// A text with places for values.
struct Template: Sendable {
  private enum Piece: Sendable {
    case text(String)
    case value(String)
  }

  private let lines: [[Piece]]

  init(_ text: String) {
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      var pieces: [Piece] = []
      var rest = line
      while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
        pieces.append(.text(String(rest[..<open])))
        pieces.append(.value(String(rest[rest.index(after: open)..<close])))
        rest = rest[rest.index(after: close)...]
      }
      pieces.append(.text(String(rest)))
      return pieces
    }
  }

  /// The names of its values.
  var names: Set<String> {
    Set(
      lines.joined().compactMap { piece in
        if case .value(let name) = piece { name } else { nil }
      })
  }

  /// The text with its values; a line with one that is not there is left out. What a value holds is
  /// not looked at again.
  func filled(_ values: [String: String]) -> String {
    lines.compactMap { line in
      var text = ""
      for piece in line {
        switch piece {
        case .text(let part): text += part
        case .value(let name):
          guard let value = values[name] else { return nil }
          text += value
        }
      }
      return text
    }.joined(separator: "\n")
  }
}
