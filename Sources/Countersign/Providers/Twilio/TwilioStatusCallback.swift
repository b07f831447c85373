/// The parameters of a status callback
/// (<https://www.twilio.com/docs/messaging/guides/track-outbound-message-status>).
package struct TwilioStatusCallback: Sendable {
  /// What it reports; nil for a status that Twilio added since: it is acknowledged, and changes
  /// nothing.
  package let report: Delivery.Report?

  /// Nil when a parameter is missing, repeated, or not in its form.
  ///
  /// Unknown parameters are ignored: Twilio adds some without notice. A call's callback says
  /// `CallSid` and `CallStatus` where a message's says `MessageSid` and `MessageStatus`.
  package init?(_ form: FormFields) {
    let isCall = form.values(of: "MessageSid").isEmpty
    guard let sid = form[isCall ? "CallSid" : "MessageSid"],
      isCall ? TwilioSettings.isSID(sid, "CA") : TwilioSettings.isSID(sid, "SM", "MM"),
      let word = form[isCall ? "CallStatus" : "MessageStatus"], (1...32).contains(word.utf8.count),
      word.utf8.allSatisfy({
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "-")
          || $0 == UInt8(ascii: "_")
      })
    else { return nil }
    let codes = form.values(of: "ErrorCode").filter { !$0.isEmpty }
    guard codes.count <= 1,
      codes.allSatisfy({
        (1...6).contains($0.utf8.count) && Int($0) != nil && $0.utf8.first != UInt8(ascii: "-")
          && $0.utf8.first != UInt8(ascii: "+")
      })
    else { return nil }
    guard let status = TwilioStatus(word) else {
      report = nil
      return
    }
    let isFailure = status.status == .failed || status.status == .undelivered
    let code = codes.first.flatMap { Int($0) }
    report = Delivery.Report(
      sid: sid, status: status.status, rank: status.rank, errorCode: isFailure ? code : nil,
      failure: isFailure ? Failure(twilioCode: code) : nil)
  }
}
