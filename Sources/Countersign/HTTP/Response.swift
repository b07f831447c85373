package import FoundationEssentials

/// One HTTP response: a status, a few headers, and a body.
package struct Response: Sendable {
  package var status: Status
  package var contentType: String
  package var headers: [(name: String, value: String)] = []
  package var body: [UInt8]
  /// What follows the body, where that is too long to be made whole.
  package var rest: Rest?
  /// The stable code of the rejection behind this answer, for the log.
  package var rejection: String?
  /// The limit that refused, for the log and for metrics.
  package var limit: String?

  /// The rest of a body, a part at a time until there is none. An error ends the connection, so that nobody takes what came for
  /// all there is.
  ///
  /// The worker that made it sends it: nothing of it goes from one thread to another.
  package final class Rest: @unchecked Sendable {
    let next: () throws -> [UInt8]?

    package init(_ next: @escaping () throws -> [UInt8]?) {
      self.next = next
    }
  }

  package struct Status: Hashable, Sendable {
    package let code: Int
    package let phrase: String

    package init(code: Int, phrase: String) {
      self.code = code
      self.phrase = phrase
    }

    package static let ok = Status(code: 200, phrase: "OK")
    package static let created = Status(code: 201, phrase: "Created")
    package static let accepted = Status(code: 202, phrase: "Accepted")
    package static let noContent = Status(code: 204, phrase: "No Content")
    package static let multiStatus = Status(code: 207, phrase: "Multi-Status")
    package static let badRequest = Status(code: 400, phrase: "Bad Request")
    package static let unauthorized = Status(code: 401, phrase: "Unauthorized")
    package static let forbidden = Status(code: 403, phrase: "Forbidden")
    package static let notFound = Status(code: 404, phrase: "Not Found")
    package static let methodNotAllowed = Status(code: 405, phrase: "Method Not Allowed")
    package static let conflict = Status(code: 409, phrase: "Conflict")
    package static let gone = Status(code: 410, phrase: "Gone")
    package static let contentTooLarge = Status(code: 413, phrase: "Content Too Large")
    package static let unsupportedMediaType = Status(code: 415, phrase: "Unsupported Media Type")
    package static let unprocessable = Status(code: 422, phrase: "Unprocessable Content")
    package static let preconditionRequired = Status(code: 428, phrase: "Precondition Required")
    package static let tooManyRequests = Status(code: 429, phrase: "Too Many Requests")
    package static let internalError = Status(code: 500, phrase: "Internal Server Error")
    package static let badGateway = Status(code: 502, phrase: "Bad Gateway")
    package static let unavailable = Status(code: 503, phrase: "Service Unavailable")
    package static let gatewayTimeout = Status(code: 504, phrase: "Gateway Timeout")
  }

  package init(
    _ status: Status, contentType: String = "application/json", body: [UInt8] = [],
    headers: [(name: String, value: String)] = []
  ) {
    self.status = status
    self.contentType = contentType
    self.body = body
    self.headers = headers
  }

  /// A JSON answer.
  package static func json(_ value: some Encodable, _ status: Status = .ok) throws -> Response {
    Response(status, body: Array(try JSONEncoder.contract.encode(value)))
  }

  /// An answer without a body.
  package static let noContent = Response(.noContent)

  /// The answer with one more header.
  package func adding(_ name: String, _ value: String) -> Response {
    var response = self
    response.headers.append((name, value))
    return response
  }
}

/// A field of an answer that is there even when it has no value, as `null`.
package struct OrNull<Value: Encodable>: Encodable {
  private let value: Value?

  package init(_ value: Value?) {
    self.value = value
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let value { try container.encode(value) } else { try container.encodeNil() }
  }
}

extension JSONEncoder {
  /// Encodes as the contract says: RFC 3339 times in UTC with milliseconds, slashes left alone.
  package static let contract: JSONEncoder = {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
    encoder.dateEncodingStrategy = .custom { date, encoder in
      var container = encoder.singleValueContainer()
      try container.encode(date.rfc3339)
    }
    return encoder
  }()
}
