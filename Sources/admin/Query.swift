import Countersign
import FoundationEssentials

/// What lists are asked for.
extension Request {
  /// How long a page is to be.
  func limit(_ usual: Int, atMost most: Int) throws(Rejection) -> Int {
    guard let text = try queryValue("limit") else { return usual }
    guard let limit = Int(text), (1...most).contains(limit) else {
      throw Rejection(.invalidField, field: "limit")
    }
    return limit
  }

  /// The id behind which a page begins, or that something is about.
  func id<Subject>(_ name: String) throws(Rejection) -> Identifier<Subject>? {
    guard let text = try queryValue(name), !text.isEmpty else { return nil }
    guard let id = Identifier<Subject>(text) else { throw Rejection(.invalidField, field: name) }
    return id
  }

  /// A time in RFC 3339, or a day, at whose beginning in UTC it then is.
  func time(_ name: String) throws(Rejection) -> Date? {
    guard let text = try queryValue(name), !text.isEmpty else { return nil }
    let written = text.utf8.count == 10 ? text + "T00:00:00Z" : text
    for hasFraction in [false, true] {
      let style = Date.ISO8601FormatStyle(includingFractionalSeconds: hasFraction)
      // The parser takes the 31st of February for the 3rd of March.
      if let time = try? style.parse(written), time.timeIntervalSince1970 >= 0,
        time.timeIntervalSince1970 < 32_503_680_000,
        !written.hasSuffix("Z") || time.rfc3339.prefix(19) == written.prefix(19)
      {
        return time
      }
    }
    throw Rejection(.invalidField, field: name)
  }

  /// The id in the path.
  ///
  /// - Throws: `not_found` unless it is one.
  func pathID<Subject>() throws(Rejection) -> Identifier<Subject> {
    guard let id = parameters["id"].flatMap({ Identifier<Subject>($0) }) else {
      throw Rejection(.notFound)
    }
    return id
  }
}

/// The body of an act that says why.
struct ReasonBody: RequestBody {
  let reason: String?
  enum CodingKeys: String, CodingKey, CaseIterable { case reason }
}

/// What an act came to.
struct Done: Encodable {
  let success = true
  let message: String
}
