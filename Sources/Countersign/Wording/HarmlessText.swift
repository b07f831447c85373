extension String {
  /// A name that somebody chose, so that it makes no link and no line that binds a code to a host:
  /// phones find links in anything with a dot inside.
  ///
  /// What would double a text's price and says no more than its plain cousin is replaced by that. By scalars, since
  /// a mark that follows would hide a character from a look at letters.
  var harmless: String {
    let scalars = Array(unicodeScalars)
    var harmless = ""
    for (index, scalar) in scalars.enumerated() {
      switch scalar {
      case ".":
        let isInside = index + 1 < scalars.count && scalars[index + 1] != " "
        harmless.append(isInside ? " " : ".")
      case "/", ":", "@", "#", "\\": harmless.append(" ")
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
    return harmless
  }
}
