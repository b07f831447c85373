import Countersign
import FoundationEssentials
import Synchronization

/// What was said over HTTP about each message: the request that handed it in, and the callbacks that
/// reported it. Of the newest messages only, and until the sandbox is started again.
final class Exchanges: Sendable {
  struct Exchange: Encodable, Sendable {
    let at: Date
    let method: String
    /// A path of ours where we were asked, a URL where we called back.
    let target: String
    let contentType: String?
    let body: String
    /// What was answered; nil where nobody did.
    let status: Int?
  }

  struct Record: Encodable, Sendable {
    var request: Exchange?
    var callbacks: [Exchange] = []
  }

  private struct State {
    var records: [String: Record] = [:]
    var order: [String] = []
  }

  private let state = Mutex(State())
  private static let capacity = 2_000
  private static let longestBody = 16_384

  /// Notes the request that handed a message in.
  func note(_ id: String, _ request: Request) {
    let exchange = Exchange(
      at: .now, method: request.method, target: request.target,
      contentType: request.headers[.contentType], body: Self.text(request.body), status: nil)
    change(id) { $0.request = exchange }
  }

  /// Notes a callback about a message, and what was answered.
  func note(_ id: String, _ callback: TransferRequest, status: Int?) {
    let type = callback.headers.first { $0.name.lowercased() == "content-type" }?.value
    let exchange = Exchange(
      at: .now, method: callback.method == .post ? "POST" : "GET", target: callback.url,
      contentType: type, body: Self.text(callback.body), status: status)
    change(id) { $0.callbacks.append(exchange) }
  }

  func find(_ id: String) -> Record? {
    state.withLock { $0.records[id] }
  }

  func clear() {
    state.withLock { $0 = State() }
  }

  private func change(_ id: String, _ change: (inout Record) -> Void) {
    state.withLock { state in
      if state.records[id] == nil {
        state.order.append(id)
        if state.order.count > Self.capacity {
          let oldest = state.order.prefix(Self.capacity / 10)
          for id in oldest { state.records[id] = nil }
          state.order.removeFirst(oldest.count)
        }
      }
      change(&state.records[id, default: Record()])
    }
  }

  /// The body as it came, without the secret that Vonage's clients send in it.
  private static func text(_ body: [UInt8]) -> String {
    let text = String(decoding: body.prefix(longestBody), as: UTF8.self)
    return text.split(separator: "&", omittingEmptySubsequences: false)
      .map { $0.hasPrefix("api_secret=") ? "api_secret=..." : $0 }
      .joined(separator: "&")
  }
}
