import CCurl

/// Many transfers at once on one thread, over connections that are kept and used again.
///
/// See <https://curl.se/libcurl/c/libcurl-multi.html>.
@safe package final class TransferSet<Tag> {
  private let handle: UnsafeMutableRawPointer
  private var running: [UnsafeMutableRawPointer: (transfer: CurlHandle, tag: Tag)] = unsafe [:]

  /// - Parameter connections: how many connections to one host at most.
  package init(connections: Int) {
    // Fails only without memory for a few hundred bytes, before anything has been sent.
    guard let handle = unsafe curl_multi_init() else {
      preconditionFailure("libcurl has no memory")
    }
    unsafe self.handle = unsafe handle
    unsafe ccurl_multi_set_long(handle, CURLMOPT_MAX_HOST_CONNECTIONS, connections)
    unsafe ccurl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, connections * 2)
  }

  deinit {
    for unsafe(easy, _) in unsafe running { unsafe curl_multi_remove_handle(handle, easy) }
    unsafe running = unsafe [:]
    unsafe curl_multi_cleanup(handle)
  }

  package var count: Int { unsafe running.count }

  /// Begins a transfer.
  package func add(_ request: TransferRequest, _ tag: Tag) {
    guard let transfer = CurlHandle(request) else { preconditionFailure("libcurl has no memory") }
    unsafe running[transfer.handle] = (transfer, tag)
    unsafe curl_multi_add_handle(handle, transfer.handle)
  }

  /// Does what can be done without waiting, and returns the transfers that have ended.
  ///
  /// The corresponding C functions are `curl_multi_perform` and `curl_multi_info_read`.
  package func advance() -> [(tag: Tag, result: Result<TransferResponse, TransferError>)] {
    var left: Int32 = 0
    unsafe curl_multi_perform(handle, &left)
    var ended: [(tag: Tag, result: Result<TransferResponse, TransferError>)] = []
    var code = CURLE_OK
    while let easy = unsafe ccurl_multi_next_done(handle, &code) {
      unsafe curl_multi_remove_handle(handle, easy)
      guard let (transfer, tag) = unsafe running.removeValue(forKey: easy) else { continue }
      ended.append((tag, transfer.result(code)))
    }
    return ended
  }

  /// Waits until something happens on a transfer or on another descriptor, at most so long.
  ///
  /// The corresponding C function is `curl_multi_poll`.
  package func wait(descriptor: Int32, milliseconds: Int32) {
    var extra = curl_waitfd(fd: descriptor, events: Int16(CURL_WAIT_POLLIN), revents: 0)
    unsafe curl_multi_poll(handle, &extra, descriptor >= 0 ? 1 : 0, milliseconds, nil)
  }
}
