/// The parameters of an incoming message
/// (<https://www.twilio.com/docs/messaging/guides/webhook-request>).
package struct TwilioInbound {
  package let sid: String
  package let from: String
  /// Our number that it went to, and the service that has the number.
  package let senders: [String]
  /// What it says of consent.
  package let word: Consent.Word?

  /// Nil when a parameter is missing, repeated, or not in its form.
  package init?(_ form: FormFields) {
    guard let sid = form["MessageSid"], TwilioSettings.isSID(sid, "SM", "MM"),
      let from = form["From"], let to = form["To"], Self.isNumber(from), Self.isSender(to),
      form.values(of: "OptOutType").count <= 1, form.values(of: "Body").count <= 1
    else { return nil }
    self.sid = sid
    self.from = from
    let services = form.values(of: "MessagingServiceSid").filter { !$0.isEmpty }
    guard services.count <= 1, services.allSatisfy({ TwilioSettings.isSID($0, "MG") }) else {
      return nil
    }
    senders = [to] + services
    // What Twilio itself has understood and obeyed goes before what we read.
    word =
      switch form["OptOutType"] {
      case "STOP": .stop
      case "START": .start
      case "HELP": .help
      default: Consent.Word(text: form["Body"] ?? "")
      }
  }

  private static func isNumber(_ text: String) -> Bool {
    text.hasPrefix("+") && (8...16).contains(text.utf8.count)
      && text.utf8.dropFirst().allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
      }
  }

  /// A number, or a short code.
  private static func isSender(_ text: String) -> Bool {
    isNumber(text)
      || (3...8).contains(text.utf8.count)
        && text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
  }
}
