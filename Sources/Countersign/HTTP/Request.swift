package import FoundationEssentials

/// One HTTP request, as plain values that outlive the connection it came on.
package struct Request: Sendable {
  /// Upper-case method, as the client sent it.
  package var method: String
  /// The method of the request that nginx asks about on behalf of another application; nil for all
  /// others.
  package var forwardedMethod: String?
  /// The path that nginx decided by: decoded, dot segments removed (`DOCUMENT_URI`).
  package var path: String
  /// The path and query exactly as sent (`REQUEST_URI`); only a provider's signature needs it.
  package var target: String
  /// The query, still percent-encoded.
  package var query: String
  /// The client's address as nginx saw it after `real_ip`; never from a header of the client's own.
  package var address: String
  /// The caller's request id when it sent a sane one, else nginx's or ours.
  package var id: String
  /// When the request arrived: the one reading of the clock that the whole request goes by.
  package var time: Date
  package var headers: Headers
  package var body: [UInt8]
  /// What the route's `{name}` segments matched.
  package internal(set) var parameters: [String: String] = [:]
  /// Why the request cannot be served at all, found while it was read.
  package var defect: Defect?

  /// A request that is refused before any route sees it.
  package enum Defect: Sendable {
    /// A header that decides something came twice, and its readers could disagree on which one
    /// counts.
    case repeatedHeader
    /// The path, a header, or the framing is not what a well-behaved server passes on.
    case malformed
    /// The body is longer than this program takes.
    case bodyTooLarge
  }

  /// The request headers that some part of the system reads; all others are dropped at the door.
  package struct Headers: Sendable {
    package enum Name: Int, CaseIterable, Sendable {
      case authorization, contentType, cookie, idempotencyKey, origin, proofOfWork, secFetchSite
      case sendGridSignature, sendGridTimestamp, twilioSignature, userAgent
    }

    private var values: [String?] = Array(repeating: nil, count: Name.allCases.count)

    package init(_ values: [Name: String] = [:]) {
      for (name, value) in values { self[name] = value }
    }

    package subscript(name: Name) -> String? {
      get { values[name.rawValue] }
      set { values[name.rawValue] = newValue }
    }
  }

  package init(
    method: String = "GET", path: String, query: String = "", headers: Headers = Headers(),
    body: [UInt8] = [], address: String = "127.0.0.1", id: String = "", time: Date = Date()
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.target = query.isEmpty ? path : "\(path)?\(query)"
    self.headers = headers
    self.body = body
    self.address = address
    self.id = id
    self.time = time
  }

  /// The value of a query parameter, decoded; nil when absent.
  ///
  /// - Throws: `malformed_request` when the query cannot be decoded or has the parameter twice:
  ///   what asks for more must not be taken for absent.
  package func queryValue(_ name: String) throws(Rejection) -> String? {
    guard !query.isEmpty else { return nil }
    guard let values = FormFields(parsing: Array(query.utf8))?.values(of: name), values.count <= 1
    else { throw Rejection(.malformedRequest) }
    return values.first
  }

  /// True when a request id is safe to log and to send back: 8 to 64 letters, digits, `-`, `_`, or
  /// `.`.
  package static func isSaneID(_ text: String) -> Bool {
    (8...64).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        Base64URL.isDigit($0) || $0 == UInt8(ascii: ".")
      }
  }
}
