/// The language that an account is spoken to in, and how numbers are written in it.
package struct Language: Sendable, Equatable {
  /// A language that there are texts in: `en`, `pt`.
  package let code: String
  /// ICU's name of the locale whose numbers go with it: `pt_BR`.
  let locale: String

  package static let english = Language(code: "en", locale: "en")

  /// What messages can be written in.
  package static let available = Catalogue.languages

  /// The language in which it is spoken to on the phone: there are no voices for some.
  var spoken: Language { code == "am" ? .english : self }

  private init(code: String, locale: String) {
    self.code = code
    self.locale = locale
  }

  /// The nearest to a BCP 47 tag such as `pt-BR`: its own language, else English with English numbers,
  /// so that no text has two alphabets' digits.
  package init(_ tag: String) {
    let parts = tag.split { $0 == "-" || $0 == "_" }
    guard let code = parts.first?.lowercased(), Self.available.contains(code) else {
      self = .english
      return
    }
    let region = parts.dropFirst().last { part in
      part.utf8.count == 2 && part.utf8.allSatisfy { (0x41...0x5A).contains($0 & 0xDF) }
    }
    self.init(code: code, locale: region.map { "\(code)_\($0.uppercased())" } ?? code)
  }
}

extension Account {
  /// What its owner is spoken to in.
  var language: Language { Language(locale) }
}
