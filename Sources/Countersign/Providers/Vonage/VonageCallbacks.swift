import FoundationEssentials

/// An incoming message of the SMS API
/// (<https://developer.vonage.com/en/messaging/sms/guides/inbound-sms>).
package struct VonageInbound {
  package let sid: String
  /// E.164.
  package let from: String
  package let word: Consent.Word?

  /// Nil when a parameter is missing, repeated, or not in its form.
  package init?(_ form: FormFields) {
    guard let sid = form["messageId"], (1...64).contains(sid.utf8.count),
      sid.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), let number = form["msisdn"],
      (7...15).contains(number.utf8.count),
      number.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    self.sid = sid
    from = "+\(number)"
    word = Consent.Word(text: form["text"] ?? form["keyword"] ?? "")
  }
}

/// An event of Verify v2 (<https://developer.vonage.com/en/api/verify.v2#callbacks>).
package struct VonageVerifyEvent {
  /// What it says of the delivery; nil for what says nothing of it.
  package let report: Delivery.Report?

  private struct Body: Decodable {
    let request_id: String
    let status: String?
  }

  /// Nil for what is no such event.
  package init?(_ body: [UInt8]) {
    guard let body = try? JSONDecoder().decode(Body.self, from: Data(body)),
      (1...64).contains(body.request_id.utf8.count),
      body.request_id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { return nil }
    let (status, failure): (MessageStatus, Failure?)
    switch body.status {
    case "completed": (status, failure) = (.delivered, nil)
    case "failed", "expired": (status, failure) = (.undelivered, .destinationUnreachable)
    case "rejected", "user_rejected": (status, failure) = (.undelivered, .destinationOptedOut)
    case "blocked": (status, failure) = (.failed, .blockedByRiskPolicy)
    default:
      report = nil
      return
    }
    report = Delivery.Report(
      sid: body.request_id, status: status, rank: 4, errorCode: nil, failure: failure)
  }
}

extension FormFields {
  /// The members of a flat JSON object, as the same callback has them when it comes as a form; nil for
  /// anything else.
  package init?(json body: [UInt8]) {
    struct Member: Decodable {
      let text: String
      init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let text = try? value.decode(String.self) {
          self.text = text
        } else if let number = try? value.decode(Int.self) {
          text = String(number)
        } else {
          text = try value.decode(Bool.self) ? "true" : "false"
        }
      }
    }
    guard StrictJSON.objectKeys(body) != nil,
      let members = try? JSONDecoder().decode([String: Member].self, from: Data(body))
    else { return nil }
    self.init(members.map { ($0.key, $0.value.text) })
  }
}
