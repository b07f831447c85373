import FoundationEssentials
import Logging

/// Saying codes on the phone whose text did not arrive, while they are valid.
///
/// What would be said lies sealed beside the message until a receipt says that it arrived, or the code has expired.
/// A call counts against every budget, as a code does that somebody asks for.
struct FallbackCalls {
  private let receipts: ReceiptStore
  private let sends: SendGuard
  private let outbox: Outbox
  private let vault: MessageVault
  private let log: Logger

  init(_ connection: Connection, _ configuration: Configuration, _ log: Logger) {
    receipts = ReceiptStore(connection: connection)
    sends = SendGuard(connection, configuration)
    outbox = Outbox(connection, configuration)
    vault = MessageVault(keys: configuration.keys)
    self.log = log
  }

  /// Queues the calls that are due, and wipes what was not needed.
  func queue(at now: Date) throws {
    for waiting in try receipts.withFallback(at: now) {
      // An earlier code than the newest opens nothing.
      if waiting.isFailed, waiting.expiresAt > now, try receipts.isNewestCode(waiting) {
        try call(waiting, at: now)
      } else {
        _ = try receipts.takeFallback(waiting.id)
      }
    }
  }

  private func call(_ waiting: ReceiptStore.Waiting, at now: Date) throws {
    guard let sealed = waiting.fallbackSealed,
      let text = try? vault.openFallback(sealed, waiting.id),
      let number = (try? vault.openDestination(waiting.destinationSealed, waiting.id)).flatMap({
        PhoneNumber($0, region: "ZZ")
      })
    else {
      // A key that was retired too early, or a row that was tampered with: no later attempt opens it.
      log.error("message cannot be opened", metadata: ["message_id": "\(waiting.id)"])
      _ = try receipts.takeFallback(waiting.id)
      return
    }
    var request = SendGuard.Request(
      number: number, channel: .call, text: text, asker: .host(waiting.account),
      isNumberProven: true)
    request.kind = .fallback
    do {
      try sends.send(request, at: now) {
        // Whoever takes it first makes the call.
        guard try receipts.takeFallback(waiting.id) else { return false }
        try outbox.queue(
          OutgoingMessage(
            id: Identifier(at: now), .code, .call, account: waiting.account, to: .phone(number),
            text: text, expiresAt: waiting.expiresAt), at: now)
        return true
      }
      log.notice("code is said on the phone", metadata: ["message_id": "\(waiting.id)"])
    } catch let refusal as Rejection {
      _ = try receipts.takeFallback(waiting.id)
      log.notice(
        "code is not said on the phone",
        metadata: ["message_id": "\(waiting.id)", "limit": "\(refusal.limit ?? "none")"])
    }
  }
}
