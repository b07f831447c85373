extension String {
  /// A name that somebody chose, so that it makes no link and no line that binds a code to a host:
  /// phones find links in anything with a dot inside.
  ///
  /// What would double a text's price and says no more than its plain cousin is replaced by that.
  var harmless: String {
    let characters = Array(self)
    var harmless = ""
    for (index, character) in characters.enumerated() {
      switch character {
      case ".":
        let isInside = index + 1 < characters.count && characters[index + 1] != " "
        harmless.append(isInside ? " " : ".")
      case "/", ":", "@", "#", "\\": harmless.append(" ")
      case "\u{2018}", "\u{2019}", "\u{201A}": harmless.append("'")
      case "\u{201C}", "\u{201D}", "\u{201E}": harmless.append("\"")
      case "\u{2013}", "\u{2014}": harmless.append("-")
      case "\u{2026}": harmless.append("...")
      case "\u{A0}", "\u{202F}": harmless.append(" ")
      case _
      where character.unicodeScalars.contains {
        $0.properties.isEmojiPresentation || $0 == "\u{FE0F}"
      }:
        break
      default: harmless.append(character)
      }
    }
    return harmless
  }
}
