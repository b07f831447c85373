import CFastCGI
import FoundationEssentials
import Glibc

/// One connection from nginx, with the libfcgi request that is parsed from it again and again.
///
/// libfcgi keeps pointers into its `FCGX_Request`, so the struct lives on the heap and never moves.
/// A connection is used by one worker at a time: epoll reports it once (EPOLLONESHOT), and whoever
/// received it gives it back.
@safe final class ClientConnection: @unchecked Sendable {
  private let request: UnsafeMutablePointer<FCGX_Request>
  /// The socket; -1 once libfcgi has closed it.
  private(set) var descriptor: Int32
  /// When the first part of a request was seen whose rest has not come; 0 while there is none.
  var waitingSince: UInt64 = 0
  /// False after something was left unread on the connection, which the next request would trip
  /// over.
  private var isReusable = true

  /// Seconds that a read or write may block. nginx sends a request whole, so only a peer that is
  /// stuck takes longer.
  static let patience = 5

  /// Takes over an accepted socket.
  init(descriptor: Int32) {
    self.descriptor = descriptor
    unsafe request = .allocate(capacity: 1)
    unsafe FCGX_InitRequest(request, -1, 0)
    unsafe request.pointee.ipcFd = descriptor
    // FCGX_Accept_r first finishes "the previous request", and would close the connection while
    // doing so.
    unsafe request.pointee.keepConnection = 1
    forbidLinger()
    patience(seconds: Self.patience)
  }

  /// How long a read or a write may block.
  func patience(seconds: Int) {
    guard descriptor >= 0 else { return }
    var limit = timeval(tv_sec: seconds, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
  }

  /// When libfcgi itself closes a connection, over an error, it waits up to two seconds for the
  /// peer to close first, and not for a "detached" one: a peer that sends nonsense and stays must
  /// not hold a worker.
  private func forbidLinger() {
    unsafe request.pointee.detached = 1
  }

  deinit {
    // Not FCGX_Free(request, 1): that waits up to two seconds for the peer to close first.
    unsafe FCGX_Free(request, 0)
    if descriptor >= 0 { close(descriptor) }
    unsafe request.deallocate()
  }

  // MARK: Arrival

  /// How much of the next request has come.
  enum Arrival {
    /// All of it, or as much as is looked at: parsing it will not block, or only while nginx sends the rest.
    case whole
    /// Some of it, or nothing yet.
    case partial
    /// The peer closed the connection, or speaks something that is not FastCGI.
    case over
  }

  /// Bytes that a look at a socket covers: more than a request of the usual largest body, and less than the
  /// socket's buffer can hold (212,992 bytes on Linux). Where a program takes longer bodies, the rest of one is
  /// read as it comes.
  static let longestLook = 96 * 1024

  /// Looks, without taking anything, whether a whole request lies in the socket's buffer.
  ///
  /// It walks the record headers (FastCGI specification, section 3.3) through the one sequence that
  /// a web server sends a responder: FCGI_BEGIN_REQUEST, FCGI_PARAMS up to an empty one, FCGI_STDIN
  /// up to an empty one, all with one request id. So libfcgi never waits for a peer that sends half
  /// a request and stops, and never sees framing that it would read differently.
  func arrival(_ buffer: UnsafeMutableRawBufferPointer) -> Arrival {
    let count = unsafe recv(
      descriptor, buffer.baseAddress, buffer.count, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
    guard count > 0 else { return count < 0 && errno == EAGAIN ? .partial : .over }
    var position = 0
    var expected = RecordType.beginRequest
    var request: (UInt8, UInt8)?
    while position + 8 <= count {
      let version = unsafe buffer[position]
      let type = unsafe buffer[position + 1]
      let id = unsafe (buffer[position + 2], buffer[position + 3])
      let length = unsafe Int(buffer[position + 4]) << 8 | Int(buffer[position + 5])
      guard version == 1, type == expected.rawValue, request.map({ $0 == id }) ?? true else {
        return .over
      }
      switch expected {
      case .beginRequest:
        guard length == 8 else { return .over }
        if position + 10 <= count {
          // Role 1, FCGI_RESPONDER: the others are sent other streams.
          guard unsafe buffer[position + 8] == 0, unsafe buffer[position + 9] == 1 else {
            return .over
          }
        }
        request = id
        expected = .parameters
      case .parameters:
        if length == 0 { expected = .standardInput }
      case .standardInput:
        if length == 0 { return .whole }
      }
      position += unsafe 8 + length + Int(buffer[position + 6])
    }
    return count == buffer.count ? .whole : .partial
  }

  /// The types of the records that make a request.
  private enum RecordType: UInt8 {
    case beginRequest = 1
    case parameters = 4
    case standardInput = 5
  }

  // MARK: One request

  /// Parses the next request and copies all of it out of the library.
  ///
  /// - Returns: nil when the connection ended instead.
  func receive(maximumBody: Int) -> Request? {
    guard unsafe FCGX_Accept_r(request) == 0, unsafe request.pointee.ipcFd >= 0 else {
      descriptor = unsafe request.pointee.ipcFd
      return nil
    }
    isReusable = unsafe request.pointee.keepConnection != 0
    unsafe request.pointee.keepConnection = 1
    var reader = ParameterReader()
    if var entry = unsafe request.pointee.envp {
      while let parameter = unsafe entry.pointee {
        unsafe reader.take(parameter)
        unsafe entry += 1
      }
    }
    var result = reader.request()
    readBody(of: &result, declared: reader.contentLength, maximum: maximumBody)
    return result
  }

  private func readBody(of result: inout Request, declared: Int?, maximum: Int) {
    guard let length = declared else {
      result.defect = .malformed
      isReusable = false
      return
    }
    guard length <= maximum else {
      result.defect = .bodyTooLarge
      isReusable = false
      return
    }
    if length > 0 {
      unsafe result.body = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
        unsafe buffer.withMemoryRebound(to: CChar.self) { bytes in
          count = unsafe max(
            0, Int(FCGX_GetStr(bytes.baseAddress, Int32(length), request.pointee.in)))
        }
      }
    }
    if result.body.count != length { result.defect = .malformed }
    // The end of the body is a record of its own, which may lie beyond the last block that libfcgi
    // read. Left there, it would be taken for the beginning of the next request.
    let isAtEnd = unsafe FCGX_GetChar(request.pointee.in) == -1
    if result.body.count != length || !isAtEnd { isReusable = false }
  }

  /// Sends the answer and ends the request.
  ///
  /// - Returns: true when the connection can carry another request.
  func send(_ bytes: [UInt8]) -> Bool {
    _ = write(bytes)
    return finish()
  }

  /// Writes a part of the answer; false when the peer is gone.
  func write(_ bytes: [UInt8]) -> Bool {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe buffer.withMemoryRebound(to: CChar.self) {
        unsafe FCGX_PutStr($0.baseAddress, Int32($0.count), request.pointee.out) >= 0
      }
    }
  }

  /// Ends the request. A connection that is dropped without it ends in the middle of an answer, which nginx then does not take
  /// for a whole one.
  ///
  /// - Returns: true when the connection can carry another request.
  func finish() -> Bool {
    unsafe FCGX_Finish_r(request)
    // An error while writing makes libfcgi close the connection: its number may be another's by
    // now.
    descriptor = unsafe request.pointee.ipcFd
    return isReusable && descriptor >= 0
  }
}
