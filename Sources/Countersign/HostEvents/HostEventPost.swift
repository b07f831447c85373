import Crypto
import FoundationEssentials

/// Where the host hears of events, and the secret that it knows ours by.
package struct HostEventSettings: Sendable {
  let url: String
  /// Nil where what is posted is not signed.
  let secret: Secret?
}

/// How an event is posted, and when again.
///
/// At least once: the host answers with a 2xx, and tells repetitions by the event's `id`. What it does not
/// answer is tried again for a day, later each time, and then left for an operator.
struct HostEventPost: Sendable {
  let settings: HostEventSettings

  private static let longestPause: TimeInterval = 6 * 3_600
  /// Pauses double from four seconds: so many posts take a day, also when an operator begins them anew.
  private static let maximumAttempts = 16

  func request(_ body: [UInt8], at now: Date) -> TransferRequest {
    var request = TransferRequest(method: .post, url: settings.url)
    request.headers = [("Content-Type", "application/json")]
    if let secret = settings.secret {
      let signature = Self.signature(body, time: Int(now.timeIntervalSince1970), secret)
      request.headers.append(("Countersign-Signature", signature))
    }
    request.body = body
    return request
  }

  /// `t=<seconds since 1970>,v1=<hexadecimal HMAC-SHA-256 of "t.body">`: a receiver compares the MAC over the
  /// bytes it got, and refuses a time that is long past.
  package static func signature(_ body: [UInt8], time: Int, _ secret: Secret) -> String {
    let mac = HMAC<SHA256>.authenticationCode(
      for: Array("\(time).".utf8) + body, using: SymmetricKey(data: secret.bytes))
    return "t=\(time),v1=\(Hexadecimal.encode(mac))"
  }

  /// When an event is posted again; nil when it is given up.
  func retry(attempts: Int, at now: Date) -> Date? {
    guard attempts < Self.maximumAttempts else { return nil }
    let pause = min(Self.longestPause, 2 * Double(1 << attempts))
    return now.addingTimeInterval(pause * Double.random(in: 1...1.25))
  }
}
