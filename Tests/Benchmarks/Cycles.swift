import Countersign
import FoundationEssentials

/// Whole cycles against a running system: a code is asked for, read from the sandbox's inbox, and
/// checked; so many at once on one thread.
@main struct Cycles {
  /// Where one cycle is.
  private enum Step {
    case asked, waiting, checked
  }

  private struct Cycle {
    let number: String
    let startedAt: UInt64
    let step: Step
  }

  private struct Inbox: Decodable {
    let messages: [Message]
    struct Message: Decodable { let body: String }
  }

  /// Arguments: base URL, sandbox URL, service key, cycles at once, seconds. Prints cycles a second,
  /// the 99th percentile in milliseconds, and how many failed.
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 6, let width = Int(arguments[4]), let seconds = Int(arguments[5])
    else {
      print("usage: countersign-bench BASE SANDBOX KEY WIDTH SECONDS")
      return
    }
    let (base, sandbox, key) = (arguments[1], arguments[2], arguments[3])
    Transfer.initializeLibrary()
    let transfers = TransferSet<Cycle>(connections: width)
    let start = MonotonicClock.nanoseconds
    let end = start + UInt64(seconds) * 1_000_000_000
    var next = 0
    var failed = 0
    var durations: [UInt64] = []

    func post(_ path: String, _ body: String) -> TransferRequest {
      var request = TransferRequest(method: .post, url: base + path)
      request.headers = [("Content-Type", "application/json"), ("Authorization", "Bearer \(key)")]
      request.body = Array(body.utf8)
      return request
    }
    func begin() {
      let number = "+1\(602 + next / 5_000_000)\(2_000_000 + next % 5_000_000)"
      next += 1
      transfers.add(
        post("/request-otp", #"{"phoneNumber":"\#(number)"}"#),
        Cycle(number: number, startedAt: MonotonicClock.nanoseconds, step: .asked))
    }
    func look(_ cycle: Cycle) {
      let query = "to=%2B\(cycle.number.dropFirst())&limit=1"
      transfers.add(
        TransferRequest(method: .get, url: "\(sandbox)/api/messages?\(query)"),
        Cycle(number: cycle.number, startedAt: cycle.startedAt, step: .waiting))
    }

    // An inbox is looked into every other millisecond: a client that asks without a pause would measure
    // how fast it can ask.
    var waiting: [(due: UInt64, cycle: Cycle)] = []
    let pause: UInt64 = 2_000_000

    for _ in 0..<width { begin() }
    while transfers.count > 0 || !waiting.isEmpty {
      let now = MonotonicClock.nanoseconds
      for (_, cycle) in waiting.filter({ $0.due <= now }) { look(cycle) }
      waiting.removeAll { $0.due <= now }
      for (cycle, result) in transfers.advance() {
        guard case .success(let response) = result, response.status == 200 else {
          failed += 1
          if MonotonicClock.nanoseconds < end { begin() }
          continue
        }
        switch cycle.step {
        case .asked:
          waiting.append((now + pause, cycle))
        case .waiting:
          let inbox = try? JSONDecoder().decode(Inbox.self, from: Data(response.body))
          guard let body = inbox?.messages.first?.body else {
            waiting.append((now + pause, cycle))
            continue
          }
          transfers.add(
            post("/check-otp", #"{"phoneNumber":"\#(cycle.number)","code":"\#(body.suffix(6))"}"#),
            Cycle(number: cycle.number, startedAt: cycle.startedAt, step: .checked))
        case .checked:
          durations.append(MonotonicClock.nanoseconds - cycle.startedAt)
          if MonotonicClock.nanoseconds < end { begin() }
        }
      }
      transfers.wait(descriptor: -1, milliseconds: 1)
    }
    durations.sort()
    let elapsed = Double(MonotonicClock.nanoseconds - start) / 1e9
    let slow = durations.isEmpty ? 0 : durations[durations.count * 99 / 100]
    print(Double(durations.count) / elapsed, Double(slow) / 1e6, failed)
  }
}
