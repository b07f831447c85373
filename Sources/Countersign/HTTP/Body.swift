import FoundationEssentials

/// A request body: its fields are declared by its coding keys, and a body with any other field is
/// refused.
///
///     struct Body: RequestBody {
///       let email: String
///       let name: String?
///       enum CodingKeys: String, CodingKey, CaseIterable { case email, name }
///     }
package protocol RequestBody: Decodable {
  associatedtype CodingKeys: CodingKey & CaseIterable
}

extension Request {
  /// The longest body a route takes unless its program says otherwise, in bytes.
  package static let maximumBodyLength = 64 * 1024

  /// The body as a typed value.
  ///
  /// - Throws: `unsupported_media_type` unless the content type is JSON; `malformed_body` for
  ///   anything that is not one JSON object without repeated keys; `invalid_field` naming a field
  ///   that is unknown, missing, or of another type.
  package func decode<Body: RequestBody>(_ type: Body.Type = Body.self) throws(Rejection) -> Body {
    guard isJSON else { throw Rejection(.unsupportedMediaType) }
    guard let keys = StrictJSON.objectKeys(body) else { throw Rejection(.malformedBody) }
    let known = Body.CodingKeys.allCases
    for key in keys where !known.contains(where: { $0.stringValue == key }) {
      throw Rejection(.invalidField, field: key.count <= 64 ? key : nil)
    }
    do {
      return try StrictJSON.decoder.decode(Body.self, from: Data(body))
    } catch let error as DecodingError {
      let field = Self.field(of: error)
      guard !field.isEmpty else { throw Rejection(.malformedBody) }
      throw Rejection(.invalidField, field: field)
    } catch let rejection as Rejection {
      throw rejection
    } catch {
      throw Rejection(.malformedBody)
    }
  }

  /// The field that cannot be read; empty for the body as a whole.
  package static func field(of error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context): name(context.codingPath + [key])
    case .typeMismatch(_, let context), .valueNotFound(_, let context),
      .dataCorrupted(let context):
      name(context.codingPath)
    @unknown default: ""
    }
  }

  /// A field's name from the outermost object on: `details.amount`.
  fileprivate static func name(_ path: [any CodingKey]) -> String {
    path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
  }

  /// `application/json`, with `charset=utf-8` at most.
  private var isJSON: Bool {
    guard let type = headers[.contentType]?.lowercased() else { return false }
    let parts = type.split(separator: ";").map { part in
      String(
        decoding: part.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\"") },
        as: UTF8.self)
    }
    guard parts.first == "application/json" else { return false }
    return parts.dropFirst().allSatisfy { $0 == "charset=utf-8" }
  }
}

/// An object inside a request body, with no other fields than its own either.
package struct NestedBody<Value: RequestBody>: Decodable {
  package let value: Value

  private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  package init(from decoder: any Decoder) throws {
    let known = Value.CodingKeys.allCases
    for key in try decoder.container(keyedBy: AnyKey.self).allKeys
    where !known.contains(where: { $0.stringValue == key.stringValue }) {
      let field = Request.name(decoder.codingPath + [key])
      throw Rejection(.invalidField, field: field.count <= 64 ? field : nil)
    }
    value = try Value(from: decoder)
  }
}

/// What a JSON decoder lets through and two readers of the same body could disagree on.
///
/// Foundation's decoder takes the first of two equal keys, browsers and MariaDB the last. This
/// looks only at what the decoder does not report: repeated keys, depth, and trailing bytes, and
/// numbers with a fraction or an exponent, which it reads as whole ones where it can.
/// Whether the text is JSON at all stays the decoder's to say.
enum StrictJSON {
  static let decoder = JSONDecoder()

  /// Objects and arrays inside each other, beyond which a body is refused.
  static let maximumDepth = 16

  /// The keys of the one object that the bytes hold; nil when they hold something else, a key
  /// repeats or is written with an escape, or the nesting is too deep.
  static func objectKeys(_ bytes: [UInt8]) -> [String]? {
    var keys: [Set<String>] = []
    var isObject: [Bool] = []
    var top: [String] = []
    var expectsKey = false
    var index = 0
    var ended = false
    while index < bytes.count {
      let byte = bytes[index]
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
        break
      case _ where ended:
        return nil
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard isObject.count < maximumDepth else { return nil }
        let opensObject = byte == UInt8(ascii: "{")
        if isObject.isEmpty && !opensObject { return nil }
        isObject.append(opensObject)
        keys.append([])
        expectsKey = opensObject
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard isObject.popLast() == (byte == UInt8(ascii: "}")) else { return nil }
        keys.removeLast()
        expectsKey = false
        ended = isObject.isEmpty
      case UInt8(ascii: ","):
        expectsKey = isObject.last ?? false
      case UInt8(ascii: "\""):
        guard let depth = keys.indices.last else { return nil }
        let start = index + 1
        index = start
        var escaped = false
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
          if bytes[index] == UInt8(ascii: "\\") {
            escaped = true
            index += 1
          }
          index += 1
        }
        guard index < bytes.count else { return nil }
        if expectsKey {
          guard !escaped, let key = String(validating: bytes[start..<index], as: UTF8.self),
            keys[depth].insert(key).inserted
          else { return nil }
          if depth == 0 { top.append(key) }
          expectsKey = false
        }
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        guard !isObject.isEmpty else { return nil }
        while index + 1 < bytes.count {
          let next = bytes[index + 1] | 0x20
          if next == UInt8(ascii: "e") || next == UInt8(ascii: ".") { return nil }
          guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next) else { break }
          index += 1
        }
      default:
        guard !isObject.isEmpty else { return nil }
      }
      index += 1
    }
    return ended ? top : nil
  }
}
