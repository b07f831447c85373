import Countersign
import FoundationEssentials
import Glibc
import Synchronization

/// A message that the sandbox took.
struct InboxMessage: Codable, Sendable {
  /// The provider's sid.
  let id: String
  let provider: String
  let channel: String
  let from: String
  let to: String
  var subject: String?
  let body: String
  var html: String?
  /// A template of the provider's in place of words, and the values for it.
  var template: String?
  var templateData: [String: String]?
  var headers: [String: String]?
  var status: String
  let at: Date
  /// Where its status is reported, and what it will come to.
  let statusCallback: String?
  let plan: DeliveryPlan
}

/// What the sandbox lets become of a message it took.
struct DeliveryPlan: Codable, Sendable {
  var finalStatus = "delivered"
  var errorCode: Int?
  var isReported = true
}

/// Everything the sandbox took, newest last, kept in a file so that a restart loses nothing: a
/// provider would not either.
final class Inbox: Sendable {
  private struct State {
    var messages: [InboxMessage] = []
    var byRecipient: [String: [Int]] = [:]
    var byID: [String: Int] = [:]
    /// Who has answered STOP, and to whom.
    var stopped: Set<[String]> = []
    var file: Int32
  }

  private let state: Mutex<State>
  private let path: String

  struct CannotOpen: Error, CustomStringConvertible {
    let path: String
    var description: String { "the sandbox's inbox cannot be kept in \(path)" }
  }

  init(path: String) throws {
    self.path = path
    var messages: [InboxMessage] = []
    var index: [String: Int] = [:]
    if let data = FileManager.default.contents(atPath: path) {
      let decoder = JSONDecoder()
      for line in data.split(separator: UInt8(ascii: "\n")) {
        // A line that a kill cut short is none.
        guard let message = try? decoder.decode(InboxMessage.self, from: Data(line)) else {
          continue
        }
        if let known = index[message.id] {
          messages[known] = message
        } else {
          index[message.id] = messages.count
          messages.append(message)
        }
      }
    }
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw CannotOpen(path: path) }
    var state = State(messages: messages, byID: index, file: file)
    for (position, message) in messages.enumerated() {
      state.byRecipient[message.to, default: []].append(position)
    }
    self.state = Mutex(state)
  }

  private static func append(_ message: InboxMessage, to file: Int32) {
    guard var line = try? JSONEncoder().encode(message) else { return }
    line.append(UInt8(ascii: "\n"))
    unsafe line.withUnsafeBytes { bytes in _ = unsafe write(file, bytes.baseAddress, bytes.count) }
  }

  /// Notes whether somebody wants messages from a sender; until the sandbox is started again.
  func set(_ number: String, _ sender: String, isStopped: Bool) {
    state.withLock { state in
      if isStopped {
        state.stopped.insert([number, sender])
      } else {
        state.stopped.remove([number, sender])
      }
    }
  }

  func hasStopped(_ number: String, _ sender: String) -> Bool {
    state.withLock { $0.stopped.contains([number, sender]) }
  }

  func find(_ id: String) -> InboxMessage? {
    state.withLock { state in state.byID[id].map { state.messages[$0] } }
  }

  func add(_ message: InboxMessage) {
    state.withLock { state in
      Self.append(message, to: state.file)
      state.byID[message.id] = state.messages.count
      state.byRecipient[message.to, default: []].append(state.messages.count)
      state.messages.append(message)
    }
  }

  func setStatus(of id: String, _ status: String) {
    state.withLock { state in
      guard let index = state.byID[id] else { return }
      state.messages[index].status = status
      Self.append(state.messages[index], to: state.file)
    }
  }

  /// The newest messages first.
  func list(to recipient: String?, channel: String?, limit: Int) -> [InboxMessage] {
    state.withLock { state in
      var found: [InboxMessage] = []
      let positions =
        recipient.map { state.byRecipient[$0, default: []] } ?? Array(state.messages.indices)
      for position in positions.reversed() where found.count < limit {
        let message = state.messages[position]
        if channel == nil || message.channel == channel { found.append(message) }
      }
      return found
    }
  }

  /// Messages whose status the provider has not reported to the end.
  func unfinished() -> [InboxMessage] {
    state.withLock { $0.messages.filter { $0.status != $0.plan.finalStatus } }
  }

  func clear() {
    state.withLock { state in
      ftruncate(state.file, 0)
      state.messages = []
      state.byRecipient = [:]
      state.byID = [:]
    }
  }
}
