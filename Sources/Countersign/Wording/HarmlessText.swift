extension String {
  /// A name that somebody chose, so that it makes no link and no line that binds a code to a host:
  /// phones find links in anything with a dot inside.
  ///
  /// What would double a text's price and says no more than its plain cousin is replaced by that; a name of which
  /// nothing is left is a dash. By scalars, since a mark that follows would hide a character from a look at letters.
  var harmless: String {
    let scalars = Array(unicodeScalars)
    var harmless = ""
    for (index, scalar) in scalars.enumerated() {
      switch scalar {
      // Also the full stops that names of hosts may be written with (RFC 3490 section 3.1).
      case ".", "\u{3002}", "\u{FF0E}", "\u{FF61}":
        let isInside = index + 1 < scalars.count && scalars[index + 1] != " "
        harmless.append(isInside ? " " : ".")
      case "/", ":", "@", "#", "\\", "\u{FF0F}", "\u{FF1A}", "\u{FF20}", "\u{FF03}", "\u{2044}",
        "\u{2215}":
        harmless.append(" ")
      case "\u{2018}", "\u{2019}", "\u{201A}": harmless.append("'")
      case "\u{201C}", "\u{201D}", "\u{201E}": harmless.append("\"")
      case "\u{2013}", "\u{2014}": harmless.append("-")
      case "\u{2026}": harmless.append("...")
      case "\u{A0}", "\u{202F}": harmless.append(" ")
      case "\u{FE0E}", "\u{FE0F}", "\u{20E3}": break
      case _ where scalar.properties.isEmojiPresentation || scalar.properties.isEmojiModifier: break
      default: harmless.unicodeScalars.append(scalar)
      }
    }
    let isSpace = { (scalar: Unicode.Scalar) in scalar.properties.isWhitespace }
    let seen = harmless.unicodeScalars.drop(while: isSpace)
    let end = seen.lastIndex { !isSpace($0) }.map { seen.index(after: $0) } ?? seen.startIndex
    return seen.startIndex == end ? "-" : String(seen[..<end])
  }
}
