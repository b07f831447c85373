import FoundationEssentials
import Glibc

/// Copies the parameters of a FastCGI request that we read into a `Request`; all others stay
/// behind.
///
/// nginx before 1.23 passes a repeated header as a repeated parameter. For the headers we decide
/// by, two are refused: which one counts must not be a matter of who reads.
struct ParameterReader {
  private var method = ""
  private var forwardedMethod: String?
  private var path = ""
  private var target = ""
  private var query = ""
  private var address = ""
  private var clientID = ""
  private var serverID = ""
  private var headers = Request.Headers()
  private var defect: Request.Defect?
  /// The declared length of the body; nil when it is not a number.
  private(set) var contentLength: Int? = 0

  /// A parameter we read.
  private enum Name {
    case method, forwardedMethod, path, target, query, address, contentLength, clientID, serverID
    case header(Request.Headers.Name)
  }

  private static let names: [(text: StaticString, name: Name)] = [
    ("REQUEST_METHOD", .method),
    ("FORWARDED_METHOD", .forwardedMethod),
    ("DOCUMENT_URI", .path),
    ("REQUEST_URI", .target),
    ("QUERY_STRING", .query),
    ("REMOTE_ADDR", .address),
    ("CONTENT_LENGTH", .contentLength),
    ("REQUEST_ID", .serverID),
    ("HTTP_X_REQUEST_ID", .clientID),
    ("CONTENT_TYPE", .header(.contentType)),
    ("HTTP_AUTHORIZATION", .header(.authorization)),
    ("HTTP_COOKIE", .header(.cookie)),
    ("HTTP_IDEMPOTENCY_KEY", .header(.idempotencyKey)),
    ("HTTP_ORIGIN", .header(.origin)),
    ("HTTP_PROOF_OF_WORK", .header(.proofOfWork)),
    ("HTTP_SEC_FETCH_SITE", .header(.secFetchSite)),
    ("HTTP_X_TWILIO_SIGNATURE", .header(.twilioSignature)),
    ("HTTP_X_TWILIO_EMAIL_EVENT_WEBHOOK_SIGNATURE", .header(.sendGridSignature)),
    ("HTTP_X_TWILIO_EMAIL_EVENT_WEBHOOK_TIMESTAMP", .header(.sendGridTimestamp)),
    ("HTTP_USER_AGENT", .header(.userAgent)),
  ]

  private static func name(_ bytes: UnsafePointer<CChar>, _ length: Int) -> Name? {
    for (text, name) in names
    where unsafe text.utf8CodeUnitCount == length && memcmp(text.utf8Start, bytes, length) == 0 {
      return name
    }
    return nil
  }

  /// Reads one `NAME=value` entry, which the library keeps only until the request is finished.
  mutating func take(_ entry: UnsafePointer<CChar>) {
    guard let equals = unsafe strchr(entry, Int32(UInt8(ascii: "="))) else { return }
    guard let name = unsafe Self.name(entry, UnsafePointer(equals) - entry) else { return }
    guard let value = unsafe String(validatingCString: equals + 1),
      value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 })
    else {
      defect = .malformed
      return
    }
    switch name {
    case .method: method = value
    case .forwardedMethod: forwardedMethod = value
    case .path: path = value
    case .target: target = value
    case .query: query = value
    case .address: address = value
    case .serverID: serverID = value
    case .contentLength: contentLength = value.isEmpty ? 0 : Self.length(value)
    case .clientID: clientID = value
    case .header(let name):
      if headers[name] != nil { defect = defect ?? .repeatedHeader }
      if !value.isEmpty { headers[name] = value }
    }
  }

  private static func length(_ text: String) -> Int? {
    guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      return nil
    }
    return Int(text)
  }

  /// The request without its body.
  func request() -> Request {
    var request = Request(
      method: method, path: path, query: query, headers: headers, address: address, id: requestID)
    request.target = target
    request.forwardedMethod = forwardedMethod
    // nginx has refused such paths already; a program that somebody puts behind another server must
    // not rely on it.
    let isPlain =
      path.utf8.first == UInt8(ascii: "/") && path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    request.defect = defect ?? (isPlain && !method.isEmpty && !address.isEmpty ? nil : .malformed)
    return request
  }

  private var requestID: String {
    if Request.isSaneID(clientID) { return clientID }
    if Request.isSaneID(serverID) { return serverID }
    return Hexadecimal.encode(Random.bytes(16))
  }
}
