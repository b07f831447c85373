/// What a mail says beside its plain text, kept until it is sent: the same words as paragraphs and rows,
/// and, for who lays mail out elsewhere, the values themselves.
package struct Mail: Sendable, Codable, Equatable {
  /// BCP 47.
  package let language: String
  let paragraphs: [[Line]]
  /// The event it tells of, by which a provider's own template is found.
  package let event: String?
  /// The values by their names, unescaped.
  package let values: [String: String]
  /// Where its reader ends mail of its kind; nil for what cannot be ended.
  package var unsubscribe: Unsubscribe?

  package struct Unsubscribe: Sendable, Codable, Equatable {
    package let url: String
    let label: String
  }

  /// A line of text, or a row of a table when it has a label.
  struct Line: Sendable, Codable, Equatable {
    let label: String?
    let text: String
  }

  init(
    filled text: String, _ language: Language, event: String? = nil, values: [String: String] = [:]
  ) {
    self.language = language.code
    self.event = event
    self.values = values
    var paragraphs: [[Line]] = [[]]
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty {
        if paragraphs.last?.isEmpty == false { paragraphs.append([]) }
      } else if line.hasPrefix("| ") {
        let parts = line.dropFirst(2).split(separator: " | ", maxSplits: 1)
        paragraphs[paragraphs.count - 1].append(
          Line(label: String(parts.first ?? ""), text: String(parts.dropFirst().first ?? "")))
      } else {
        paragraphs[paragraphs.count - 1].append(Line(label: nil, text: String(line)))
      }
    }
    self.paragraphs = paragraphs.filter { !$0.isEmpty }
  }

  /// As plain text.
  var plain: String {
    paragraphs.map { lines in
      lines.map { line in line.label.map { "\($0): \(line.text)" } ?? line.text }
        .joined(separator: "\n")
    }.joined(separator: "\n\n")
  }

  /// As HTML, without pictures, scripts, or links but the one that ends it.
  package func html(subject: String, product: String) -> String {
    var content = ""
    for lines in paragraphs {
      if lines.contains(where: { $0.label != nil }) {
        content += "<table style=\"margin:0 0 16px;border-collapse:collapse\">\n"
        for line in lines {
          content +=
            "<tr><td style=\"padding:4px 16px 4px 0;color:#5a6372\">\(Self.escaped(line.label ?? ""))</td><td style=\"padding:4px 0\">\(Self.escaped(line.text))</td></tr>\n"
        }
        content += "</table>\n"
      } else {
        let text = lines.map { Self.escaped($0.text) }.joined(separator: "<br>\n")
        content += "<p style=\"margin:0 0 16px\">\(text)</p>\n"
      }
    }
    let footer = unsubscribe.map {
      "<p style=\"max-width:32rem;margin:16px auto;font-size:12px;color:#5a6372\"><a href=\"\(Self.escaped($0.url))\" style=\"color:#5a6372\">\(Self.escaped($0.label))</a></p>\n"
    }
    return Catalogue.mailFrame.filled([
      "language": language, "subject": Self.escaped(subject), "product": Self.escaped(product),
      "content": content, "footer": footer ?? "",
    ])
  }

  static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
