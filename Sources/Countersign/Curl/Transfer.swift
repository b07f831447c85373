import CCurl
import Glibc
import Synchronization

/// One HTTP request to a provider.
package struct TransferRequest: Sendable {
  package enum Method: Sendable { case get, post, delete }

  package var method: Method
  package var url: String
  package var headers: [(name: String, value: String)] = []
  /// `user:password` for HTTP Basic; never part of the URL.
  package var login: (user: String, password: Secret)?
  package var body: [UInt8] = []
  /// Headers of the answer that the caller reads.
  package var answerHeaders: [String] = []
  /// How long all of it may take.
  package var milliseconds = 10_000

  /// For a URL of SMTP: the mail to hand over, in place of method, headers, and body.
  package var mail: Mail?

  /// A mail, with its words in one form or two.
  package struct Mail: Sendable {
    let from: String
    let to: String
    /// Whole lines, folded and encoded.
    let headers: [String]
    let plain: String
    let html: String?
    /// Refuses a server that does not encrypt.
    let needsEncryption: Bool
  }

  package init(method: Method, url: String) {
    self.method = method
    self.url = url
  }

  /// Posts fields as a form.
  package init(posting fields: [(name: String, value: String)], to url: String) {
    self.init(method: .post, url: url)
    headers = [("Content-Type", "application/x-www-form-urlencoded")]
    body = Array(FormFields.encode(fields).utf8)
  }
}

/// What a provider answered.
package struct TransferResponse: Sendable {
  package let status: Int
  package let body: [UInt8]
  /// Seconds of a `Retry-After` header, when there was a sane one.
  package let retryAfter: Int?
  /// Those that were asked for and are there.
  package let headers: [String: String]
}

/// A request without an answer: what went wrong, with whom, and whether the request can have
/// arrived.
package struct TransferError: Error, CustomStringConvertible {
  /// libcurl's number, `CURLcode`.
  package let code: UInt32
  package let host: String
  /// False when nothing of the body can have reached the provider, so that sending again is safe.
  package let mayHaveArrived: Bool

  package var description: String { "transfer error \(code) with \(host)" }
}

/// A libcurl easy handle with everything it points into.
///
/// The body is read through a callback that cannot be rewound, on purpose. libcurl repeats a
/// request by itself when a reused connection dies before any answer; a provider may have taken the
/// message by then, and it has no idempotency key. With a body that cannot be sent again libcurl
/// gives up instead, and we decide. See <https://curl.se/libcurl/c/CURLOPT_READFUNCTION.html>.
@safe final class CurlHandle {
  let handle: UnsafeMutableRawPointer
  private var headers: UnsafeMutablePointer<curl_slist>?
  private var recipients: UnsafeMutablePointer<curl_slist>?
  private var mime: OpaquePointer?
  private let exchange: Exchange
  private let host: String
  private let answerHeaders: [String]

  /// What the callbacks read and write; they hold it by address.
  private final class Exchange {
    var body: [UInt8]
    var sent = 0
    var received: [UInt8] = []
    init(_ body: [UInt8]) { self.body = body }
  }

  /// CURLAUTH_BASIC, a macro with a cast that Swift does not import.
  private static let basicAuthentication = 1

  /// Bytes of an answer beyond which it is no answer of a provider's.
  private static let maximumResponse = 64 * 1024

  /// Nil when libcurl has no memory for a handle.
  init?(_ request: TransferRequest) {
    guard let handle = unsafe curl_easy_init() else { return nil }
    unsafe self.handle = unsafe handle
    exchange = Exchange(request.body)
    host = Self.host(of: request.url)
    answerHeaders = request.answerHeaders
    let context = unsafe Unmanaged.passUnretained(exchange).toOpaque()
    unsafe ccurl_set_string(handle, CURLOPT_URL, request.url)
    unsafe ccurl_set_string(
      handle, CURLOPT_PROTOCOLS_STR, request.mail == nil ? "https,http" : "smtps,smtp")
    unsafe ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
    // No proxy from the environment: a request header named Proxy must never become one.
    unsafe ccurl_set_string(handle, CURLOPT_PROXY, "")
    unsafe ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
    unsafe ccurl_set_long(
      handle, CURLOPT_CONNECTTIMEOUT_MS, request.mail == nil ? 2_000 : 20_000)
    unsafe ccurl_set_long(handle, CURLOPT_TIMEOUT_MS, request.milliseconds)
    unsafe ccurl_set_long(handle, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    unsafe ccurl_set_long(handle, CURLOPT_TCP_NODELAY, 1)
    unsafe ccurl_set_write(handle, CURLOPT_WRITEFUNCTION, Self.receive)
    unsafe ccurl_set_pointer(handle, CURLOPT_WRITEDATA, context)
    if let login = request.login {
      if request.mail == nil {
        unsafe ccurl_set_long(handle, CURLOPT_HTTPAUTH, Self.basicAuthentication)
      }
      unsafe ccurl_set_string(handle, CURLOPT_USERNAME, login.user)
      unsafe ccurl_set_string(handle, CURLOPT_PASSWORD, login.password.reveal())
    }
    guard request.mail == nil else {
      prepare(request)
      return
    }
    // Without this libcurl asks for permission before a longer body, and waits a second for servers
    // that ignore it.
    unsafe headers = unsafe curl_slist_append(nil, "Expect:")
    for (name, value) in request.headers {
      unsafe headers = unsafe curl_slist_append(headers, "\(name): \(value)")
    }
    unsafe ccurl_set_list(handle, CURLOPT_HTTPHEADER, headers)
    if request.method == .delete {
      unsafe ccurl_set_string(handle, CURLOPT_CUSTOMREQUEST, "DELETE")
    }
    if request.method == .post {
      unsafe ccurl_set_long(handle, CURLOPT_POST, 1)
      unsafe ccurl_set_long(handle, CURLOPT_POSTFIELDSIZE, request.body.count)
      unsafe ccurl_set_write(handle, CURLOPT_READFUNCTION, Self.send)
      unsafe ccurl_set_pointer(handle, CURLOPT_READDATA, context)
    }
  }

  /// What libcurl needs to make a mail of: its parts are encoded and put together there.
  ///
  /// See <https://curl.se/libcurl/c/smtp-mime.html>.
  private func prepare(_ request: TransferRequest) {
    guard let mail = request.mail else { return }
    for line in mail.headers { unsafe headers = unsafe curl_slist_append(headers, line) }
    unsafe mime = unsafe curl_mime_init(handle)
    for (text, type) in [(mail.plain, "text/plain"), (mail.html, "text/html")] {
      guard let text else { continue }
      let part = unsafe curl_mime_addpart(mime)
      unsafe curl_mime_data(part, text, text.utf8.count)
      unsafe curl_mime_type(part, "\(type); charset=utf-8")
      unsafe curl_mime_encoder(part, "quoted-printable")
    }
    unsafe headers = unsafe curl_slist_append(headers, "Content-Type: multipart/alternative")
    unsafe recipients = unsafe curl_slist_append(nil, mail.to)
    unsafe ccurl_set_list(handle, CURLOPT_HTTPHEADER, headers)
    unsafe ccurl_set_list(handle, CURLOPT_MAIL_RCPT, recipients)
    unsafe ccurl_set_string(handle, CURLOPT_MAIL_FROM, mail.from)
    unsafe ccurl_set_mime(handle, CURLOPT_MIMEPOST, mime)
    if mail.needsEncryption {
      unsafe ccurl_set_long(handle, CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue))
    }
  }

  deinit {
    unsafe curl_easy_cleanup(handle)
    unsafe curl_slist_free_all(headers)
    unsafe curl_slist_free_all(recipients)
    unsafe curl_mime_free(mime)
  }

  private static func host(of url: String) -> String {
    let parts = url.split(separator: "/", maxSplits: 2)
    return parts.count >= 2 ? String(parts[1]) : "?"
  }

  private static let receive: ccurl_write = { bytes, size, count, context in
    guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
    let exchange = unsafe Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    // Fewer than given ends the transfer with CURLE_WRITE_ERROR.
    guard exchange.received.count + size * count <= maximumResponse else { return 0 }
    unsafe exchange.received.append(
      contentsOf: UnsafeRawBufferPointer(start: bytes, count: size * count))
    return size * count
  }

  private static let send: ccurl_write = { buffer, size, count, context in
    guard let buffer = unsafe buffer, let context = unsafe context else { return 0 }
    let exchange = unsafe Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    let length = min(size * count, exchange.body.count - exchange.sent)
    unsafe exchange.body.withUnsafeBytes { body in
      if let base = body.baseAddress, length > 0 {
        unsafe memcpy(buffer, base + exchange.sent, length)
      }
    }
    exchange.sent += length
    return length
  }

  /// What became of the transfer that libcurl ended with a code.
  func result(_ code: CURLcode) -> Result<TransferResponse, TransferError> {
    var status = 0
    unsafe ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    // A mail server's refusal is an error to libcurl, and an answer to us.
    guard unsafe code == CURLE_OK || status >= 400 && mime != nil else {
      var uploaded: curl_off_t = 0
      unsafe ccurl_get_offset(handle, CURLINFO_SIZE_UPLOAD_T, &uploaded)
      return .failure(
        TransferError(
          code: code.rawValue, host: host, mayHaveArrived: exchange.sent > 0 || uploaded > 0))
    }
    var seconds: curl_off_t = 0
    unsafe ccurl_get_offset(handle, CURLINFO_RETRY_AFTER, &seconds)
    return .success(
      TransferResponse(
        status: status, body: exchange.received,
        retryAfter: (1...86_400).contains(seconds) ? Int(seconds) : nil, headers: answered()))
  }

  /// The corresponding C function is `curl_easy_header`.
  private func answered() -> [String: String] {
    var values: [String: String] = [:]
    for name in answerHeaders {
      var header: UnsafeMutablePointer<curl_header>?
      guard
        unsafe curl_easy_header(handle, name, 0, UInt32(CURLH_HEADER), -1, &header) == CURLHE_OK,
        let value = unsafe header?.pointee.value
      else { continue }
      unsafe values[name] = String(cString: value)
    }
    return values
  }
}

/// Transfers that a caller waits for.
package enum Transfer {
  private static let initialized: Bool = {
    curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
  }()

  /// Initialises libcurl, before the first thread uses it.
  ///
  /// The corresponding C function is `curl_global_init`.
  package static func initializeLibrary() {
    precondition(initialized, "libcurl cannot be initialised")
  }

  /// Sends a request and waits for the answer.
  ///
  /// The corresponding C function is `curl_easy_perform`.
  package static func perform(_ request: TransferRequest) throws(TransferError) -> TransferResponse
  {
    guard let handle = CurlHandle(request) else {
      throw TransferError(
        code: CURLE_OUT_OF_MEMORY.rawValue, host: request.url, mayHaveArrived: false)
    }
    return try unsafe handle.result(curl_easy_perform(handle.handle)).get()
  }
}
