import Countersign

/// The fields of a profile as they come in, checked one by one.
struct ProfileFields {
  var name: String?
  var locale: String?
  var region: String?
  var currency: String?

  /// - Throws: `invalid_field`, naming the field.
  func profile() throws(Rejection) -> Accounts.Profile {
    if let name {
      // A name is shown to people and put into mails: no line breaks, no control characters.
      guard name.unicodeScalars.count <= 100, !name.isEmpty,
        name.unicodeScalars.allSatisfy({
          $0.properties.generalCategory != .control
            && $0.properties.generalCategory != .lineSeparator
            && $0.properties.generalCategory != .paragraphSeparator
        })
      else { throw Rejection(.invalidField, field: "name") }
    }
    if let locale {
      guard (2...16).contains(locale.utf8.count),
        locale.utf8.allSatisfy({
          $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || isLetterOrDigit($0)
        })
      else { throw Rejection(.invalidField, field: "locale") }
    }
    if let region {
      guard PhoneNumber.isRegion(region) else { throw Rejection(.invalidField, field: "region") }
    }
    if let currency {
      guard Currency(currency) != nil else { throw Rejection(.invalidField, field: "currency") }
    }
    return Accounts.Profile(name: name, locale: locale, region: region, currency: currency)
  }

  private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}
