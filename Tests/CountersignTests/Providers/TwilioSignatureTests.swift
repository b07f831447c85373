import FoundationEssentials
import Testing

@testable import Countersign

@Suite struct `Twilio's signature` {
  private static let token = Secret("0123456789abcdef0123456789abcdef")

  private func form(_ text: String) throws -> FormFields {
    try #require(FormFields(parsing: Array(text.utf8)))
  }

  private func signature(_ token: Secret, _ origin: String) throws -> TwilioSignature {
    TwilioSignature(token: token, origin: try #require(PublicBaseURL(origin)))
  }

  private static let call =
    "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212"

  @Test(
    "a form is signed over the URL and its parameters by name",
    arguments: [
      ("https://mycompany.com/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
      ("https://mycompany.com:443/myapp.php?foo=1&bar=2", "kvajT1Ptam85bY51eRf/AJRuM3w="),
      ("http://mycompany.com/myapp.php?foo=1&bar=2", "OyGYPqTF6ztdbRNCvuQO/oPvqQ4="),
      ("http://mycompany.com:80/myapp.php?foo=1&bar=2", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
      ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
    ])
  func signs(url: String, expected: String) throws {
    #expect(
      TwilioSignature.sign(url: url, form: try form(Self.call), token: Secret("12345")) == expected)
  }

  @Test("the URL counts with the scheme's port and without one")
  func port() throws {
    let signature = try signature(Secret("12345"), "https://mycompany.com")
    let form = try form(Self.call)
    let target = "/myapp.php?foo=1&bar=2"

    #expect(signature.isValid("RSOYDt4T1cUTdK1PDd93/VVr8B8=", target: target, form: form))
    #expect(signature.isValid("kvajT1Ptam85bY51eRf/AJRuM3w=", target: target, form: form))
    #expect(!signature.isValid("OyGYPqTF6ztdbRNCvuQO/oPvqQ4=", target: target, form: form))
    #expect(!signature.isValid("Zmvh+3yNM1Phv2jhDCwEM3q5ebU=", target: target, form: form))
  }

  @Test("the distinct values of a repeated name count once each, ascending")
  func repeatedNames() throws {
    let form = try form("Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234")
    let url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    #expect(
      TwilioSignature.sign(url: url, form: form, token: Secret("12345"))
        == "IK+Dwps556ElfBT0I3Rgjkr1wJU=")
  }

  @Test("a JSON body counts by its hash in the query")
  func json() throws {
    let body = Array(#"{"property": "value", "boolean": true}"#.utf8)
    let target =
      "/myapp.php?foo=1&bar=2&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    let signature = try signature(Secret("12345"), "https://mycompany.com")

    #expect(signature.isValid("a9nBmqA0ju/hNViExpshrM61xv4=", target: target, json: body))
    #expect(!signature.isValid("a9nBmqA0ju/hNViExpshrM61xv4=", target: target, json: body + [32]))

    let events = Array(
      #"[{"specversion":"1.0","type":"com.twilio.messaging.message.delivered","id":"EZ1"}]"#.utf8)
    let path =
      "/hooks/twilio/events?tenant=acme&bodySHA256=2eb1bc5a1da14ae953c4e2316228a52ed804339f582ea46996c74ee099cffd80"
    #expect(
      try self.signature(Self.token, "https://otp.example.com")
        .isValid("8pT2jtCvE0RyeYWp9P37c7L8qwU=", target: path, json: events))
    #expect(
      !(try self.signature(Self.token, "https://otp.example.com"))
        .isValid("8pT2jtCvE0RyeYWp9P37c7L8qwU=", target: "/hooks/twilio/events", json: events))
  }

  private static let status =
    "ApiVersion=2010-04-01&SmsSid=SM1342fe1b2c904d1ab04f0fc7a58abca9&SmsStatus=delivered&MessageStatus=delivered&To=%2B15558675310&From=%2B15017250604&MessageSid=SM1342fe1b2c904d1ab04f0fc7a58abca9&AccountSid=ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&RawDlrDoneDate=2601151542"

  @Test("a status callback, and one with an empty value")
  func statusCallback() throws {
    let signature = try signature(Self.token, "https://otp.example.com")
    let target = "/hooks/twilio/status?tenant=acme&mid=01J9Z3"
    #expect(
      signature.isValid("3KwNTITet2RijkAxZDau5ljXB7Y=", target: target, form: try form(Self.status))
    )

    let failed =
      Self.status.split(separator: "delivered", omittingEmptySubsequences: false).joined(
        separator: "undelivered") + "&ErrorCode=30003&ErrorMessage="
    #expect(
      signature.isValid("XlLWjLFc8PFElYHA/jATrCdaj7Y=", target: target, form: try form(failed)))
  }

  @Test("an inbound message with UTF-8, plus, ampersand, equals, and per cent")
  func inbound() throws {
    let body =
      "ToCountry=US&ToState=&SmsMessageSid=SMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb&NumMedia=0&Body=Stop+please+%C2%A1%C3%B1+%26+%3D+%2B+100%25&FromCountry=US&OptOutType=STOP&MessagingServiceSid=MGcccccccccccccccccccccccccccccccc&SmsSid=SMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb&SmsStatus=received&To=%2B15017250604&NumSegments=1&MessageSid=SMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb&AccountSid=ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&From=%2B15558675310&ApiVersion=2010-04-01"
    let form = try form(body)
    #expect(form["Body"] == "Stop please ¡ñ & = + 100%")
    #expect(
      try signature(Self.token, "https://otp.example.com")
        .isValid("W/b9giuPqcMoPzd/VrGasQQ0UXc=", target: "/hooks/twilio/inbound", form: form))
  }

  @Test("a GET is signed over its URL alone, and names sort by their bytes")
  func getAndOrder() throws {
    let signature = try signature(Self.token, "https://otp.example.com")
    #expect(
      signature.isValid(
        "cy3q2g0KwlyAy6jVRCYs19Jz1xo=",
        target: "/hooks/twilio/status?MessageSid=SM1&MessageStatus=sent",
        json: nil))
    #expect(
      signature.isValid(
        "+y/PAyklzMaT5hM3hP00kmvp/m4=", target: "/x", form: try form("b=1&B=2&a=3&A=4")))
  }

  @Test(
    "a report's parameters are taken only in their exact form",
    arguments: [
      "MessageSid=SM1&MessageStatus=delivered",
      "MessageSid=SM1342fe1b2c904d1ab04f0fc7a58abca9",
      "MessageSid=SM1342fe1b2c904d1ab04f0fc7a58abca9&MessageSid=SM1342fe1b2c904d1ab04f0fc7a58abca9&MessageStatus=sent",
      "MessageSid=SM1342fe1b2c904d1ab04f0fc7a58abca9&MessageStatus=Delivered",
      "MessageSid=SM1342fe1b2c904d1ab04f0fc7a58abca9&MessageStatus=failed&ErrorCode=-1",
      "MessageSid=SM1342fe1b2c904d1ab04f0fc7a58abca9&MessageStatus=failed&ErrorCode=1&ErrorCode=2",
      "MessageSid=CA1342fe1b2c904d1ab04f0fc7a58abca9&MessageStatus=sent",
    ])
  func strictReport(body: String) throws {
    #expect(TwilioStatusCallback(try form(body)) == nil)
  }
}

@Suite struct `Provider answers` {
  private func messages() throws -> TwilioMessages {
    let configuration = try testConfigurationForProviders()
    return TwilioMessages(configuration.twilio, configuration.publicBaseURL)
  }

  private func answer(_ status: Int, _ body: String = "", retryAfter: Int? = nil)
    -> Result<TransferResponse, TransferError>
  {
    .success(
      TransferResponse(status: status, body: Array(body.utf8), retryAfter: retryAfter, headers: [:])
    )
  }

  private func outcome(_ result: Result<TransferResponse, TransferError>) throws -> CarrierOutcome {
    try messages().outcome(result, of: testOrder(.sms, to: "+14155552671"))
  }

  private func word(_ outcome: CarrierOutcome) -> String {
    switch outcome {
    case .accepted(let sid, let progress): "accepted \(sid) \(progress.rank)"
    case .refused(let code, let failure): "refused \(code ?? 0) \(failure.rawValue)"
    case .notTaken(let after, let failure): "not taken \(after ?? 0) \(failure.rawValue)"
    case .inProgress(let sid): "in progress \(sid ?? "")"
    case .unknown: "unknown"
    }
  }

  @Test("every 2xx is a success, and what may have been taken is never simply sent again")
  func outcomes() throws {
    #expect(
      word(
        try outcome(
          answer(201, #"{"sid":"SM1342fe1b2c904d1ab04f0fc7a58abca9","status":"queued"}"#)))
        == "accepted SM1342fe1b2c904d1ab04f0fc7a58abca9 1")
    #expect(
      word(
        try outcome(
          answer(200, #"{"sid":"SM1342fe1b2c904d1ab04f0fc7a58abca9","status":"new-word"}"#)))
        == "accepted SM1342fe1b2c904d1ab04f0fc7a58abca9 0")
    #expect(word(try outcome(answer(201, "<html>"))) == "unknown")
    #expect(word(try outcome(answer(201, #"{"sid":"é","status":"queued"}"#))) == "unknown")
    #expect(word(try outcome(answer(500))) == "unknown")
    #expect(word(try outcome(answer(502))) == "unknown")
    #expect(word(try outcome(answer(504))) == "unknown")
    #expect(word(try outcome(answer(503))) == "not taken 0 provider_unavailable")
    #expect(
      word(try outcome(answer(429, "", retryAfter: 7))) == "not taken 7 provider_rate_limited")
    #expect(
      word(try outcome(.failure(TransferError(code: 7, host: "h", mayHaveArrived: false))))
        == "not taken 0 provider_unavailable")
    #expect(
      word(try outcome(.failure(TransferError(code: 28, host: "h", mayHaveArrived: true))))
        == "unknown")
    #expect(word(try outcome(answer(302))) == "refused 0 provider_request_rejected")
  }

  @Test(
    "each number of Twilio's has one meaning here",
    arguments: [
      (20003, Failure.providerAuthFailed), (21211, .destinationInvalid),
      (21408, .regionNotSupported),
      (21606, .providerMisconfigured), (21608, .providerMisconfigured),
      (21610, .destinationOptedOut),
      (21612, .destinationUnreachable), (21614, .destinationNotSMSCapable),
      (21617, .providerRequestRejected),
      (30003, .destinationUnreachable), (30005, .destinationUnknown),
      (30006, .destinationNotSMSCapable),
      (30007, .providerMisconfigured), (30008, .providerUnavailable), (30450, .blockedByRiskPolicy),
      (99999, .providerRequestRejected),
    ])
  func failures(code: Int, failure: Failure) throws {
    #expect(Failure(twilioCode: code) == failure)
    #expect(
      word(try outcome(answer(400, #"{"code":\#(code)}"#)))
        == "refused \(code) \(failure.rawValue)")
  }
}
