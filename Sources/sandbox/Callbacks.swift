import Countersign
import FoundationEssentials
import Synchronization

/// Reports back what became of messages, as each provider does.
///
/// One thread sends what is due. What it had planned is planned again after a restart, from the
/// inbox: a provider's reports do not get lost with one of its processes.
final class Callbacks: Sendable {
  private struct Planned {
    let due: UInt64
    let status: String
    let attempt: Int
    let message: InboxMessage
    /// Names the report over its repetitions.
    let token: String
  }

  private let inbox: Inbox
  private let exchanges: Exchanges
  private let twilio: TwilioReports
  private let vonage: VonageReports?
  private let sendGrid: SendGridReports
  private let planned = Mutex<[Planned]>([])

  /// When the carrier takes a message, and when the phone has it, in milliseconds after it was
  /// sent.
  private static let sentAfter: UInt64 = 60
  private static let finalAfter: UInt64 = 150
  /// Milliseconds before a callback that failed is repeated.
  private static let pauses: [UInt64] = [300, 1_000, 3_000]
  /// Events of mail in one request.
  private static let batch = 1_000

  init(_ inbox: Inbox, _ exchanges: Exchanges, _ configuration: Configuration) throws {
    self.inbox = inbox
    self.exchanges = exchanges
    twilio = TwilioReports(configuration.twilio, configuration.publicBaseURL)
    vonage = configuration.vonage.map { VonageReports($0, configuration.publicBaseURL) }
    sendGrid = try SendGridReports(configuration.publicBaseURL)
  }

  func twilioInbound(from: String, to: String, _ body: String) -> TransferRequest {
    twilio.inbound(from: from, to: to, body)
  }

  func vonageInbound(from: String, to: String, _ body: String) -> TransferRequest {
    vonage?.inbound(from: from, to: to, body) ?? twilio.inbound(from: from, to: to, body)
  }

  /// Plans the reports of a message.
  func schedule(_ message: InboxMessage) {
    guard message.plan.isReported else { return }
    let first = ["twilio": "sent", "vonage": "accepted", "sendgrid": "processed"][message.provider]
    plan(message, first ?? "sent", after: Self.sentAfter, attempt: 0)
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
          due: due, status: status, attempt: attempt, message: message,
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
    let transfers = TransferSet<(request: TransferRequest, reports: [Planned])>(connections: 8)
    while true {
      let now = MonotonicClock.nanoseconds
      let due = planned.withLock { planned in
        let due = planned.filter { $0.due <= now }
        if !due.isEmpty { planned.removeAll { $0.due <= now } }
        return due
      }
      var mail: [Planned] = []
      for report in due {
        inbox.setStatus(of: report.message.id, report.status)
        if report.message.provider == "sendgrid" {
          mail.append(report)
        } else if let request = request(report) {
          transfers.add(request, (request, [report]))
        }
      }
      while !mail.isEmpty {
        let batch = Array(mail.prefix(Self.batch))
        mail.removeFirst(batch.count)
        let events = batch.map { ($0.message, $0.status, $0.token) }
        if let request = sendGrid.request(events) { transfers.add(request, (request, batch)) }
      }
      for (sent, result) in transfers.advance() {
        let status = (try? result.get())?.status
        for report in sent.reports {
          exchanges.note(report.message.id, sent.request, status: status)
        }
        guard (status ?? 500) >= 500 else { continue }
        for report in sent.reports where report.attempt < Self.pauses.count {
          plan(
            report.message, report.status, after: Self.pauses[report.attempt],
            attempt: report.attempt + 1, token: report.token)
        }
      }
      transfers.wait(descriptor: -1, milliseconds: 10)
    }
  }

  private func request(_ report: Planned) -> TransferRequest? {
    report.message.provider == "vonage"
      ? vonage?.request(report.message, report.status)
      : twilio.request(report.message, report.status, token: report.token)
  }
}
