import Countersign
import FoundationEssentials
import Synchronization

/// Reports the statuses of messages back, signed as Twilio signs them.
///
/// One thread sends what is due. What it had planned is planned again after a restart, from the
/// inbox: a provider's reports do not get lost with one of its processes.
final class Callbacks: Sendable {
  private struct Planned {
    let due: UInt64
    let id: String
    let status: String
    let attempt: Int
    let message: InboxMessage
    let token: String
  }

  private let inbox: Inbox
  private let account: String
  private let token: Secret
  private let planned = Mutex<[Planned]>([])

  /// When the carrier takes a message, and when the phone has it, in milliseconds after it was
  /// sent.
  private static let sentAfter: UInt64 = 60
  private static let finalAfter: UInt64 = 150
  /// Milliseconds before a callback that failed is repeated, as `#rc=3&rp=5xx` asks for.
  private static let pauses: [UInt64] = [300, 1_000, 3_000]

  init(_ inbox: Inbox, account: String, token: Secret) {
    self.inbox = inbox
    self.account = account
    self.token = token
  }

  /// Plans the reports of a message.
  func schedule(_ message: InboxMessage) {
    guard message.plan.isReported else { return }
    plan(message, "sent", after: Self.sentAfter, attempt: 0)
    plan(message, message.plan.finalStatus, after: Self.finalAfter, attempt: 0)
  }

  private func plan(
    _ message: InboxMessage, _ status: String, after milliseconds: UInt64, attempt: Int,
    token: String? = nil
  ) {
    let due = MonotonicClock.nanoseconds + milliseconds * 1_000_000
    planned.withLock {
      $0.append(
        Planned(
          due: due, id: message.id, status: status, attempt: attempt, message: message,
          token: token ?? Hexadecimal.encode(Random.bytes(16))))
    }
  }

  /// Starts the thread.
  func start() {
    for message in inbox.unfinished() where message.plan.isReported {
      plan(message, message.plan.finalStatus, after: 500, attempt: 0)
    }
    _ = SystemThread.start { self.run() }
  }

  private func run() {
    let transfers = TransferSet<Planned>(connections: 8)
    while true {
      let now = MonotonicClock.nanoseconds
      let due = planned.withLock { planned in
        let due = planned.filter { $0.due <= now }
        planned.removeAll { $0.due <= now }
        return due
      }
      for report in due {
        inbox.setStatus(of: report.id, report.status)
        if let request = request(report) { transfers.add(request, report) }
      }
      for (report, result) in transfers.advance() {
        let isAnswered =
          if case .success(let response) = result { response.status < 500 } else { false }
        if !isAnswered, report.attempt < Self.pauses.count {
          plan(
            report.message, report.status, after: Self.pauses[report.attempt],
            attempt: report.attempt + 1,
            token: report.token)
        }
      }
      transfers.wait(descriptor: -1, milliseconds: 10)
    }
  }

  private func request(_ report: Planned) -> TransferRequest? {
    // The fragment carries Twilio's retry settings and is no part of the URL that is called or
    // signed.
    guard let url = report.message.statusCallback?.split(separator: "#").first.map(String.init)
    else { return nil }
    let isCall = report.message.channel == "call"
    var fields: [(name: String, value: String)] = [
      ("AccountSid", account), ("ApiVersion", "2010-04-01"), ("From", report.message.from),
      ("To", report.message.to),
    ]
    if isCall {
      fields += [
        ("CallSid", report.id),
        ("CallStatus", report.status == "delivered" ? "completed" : report.status),
      ]
    } else {
      fields += [
        ("MessageSid", report.id), ("SmsSid", report.id), ("MessageStatus", report.status),
        ("SmsStatus", report.status),
      ]
    }
    if report.status == report.message.plan.finalStatus, let code = report.message.plan.errorCode {
      fields.append(("ErrorCode", String(code)))
    }
    let body = FormFields.encode(fields)
    guard let form = FormFields(parsing: Array(body.utf8)) else { return nil }
    var request = TransferRequest(method: .post, url: url)
    request.headers = [
      ("Content-Type", "application/x-www-form-urlencoded"),
      ("X-Twilio-Signature", TwilioSignature.sign(url: url, form: form, token: token)),
      ("I-Twilio-Idempotency-Token", report.token),
    ]
    request.body = Array(body.utf8)
    return request
  }
}
