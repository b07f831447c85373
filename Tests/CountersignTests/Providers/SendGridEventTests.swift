import Crypto
import Testing

@testable import Countersign

@Suite struct `SendGrid's events` {
  private struct Vector {
    let key: String
    let timestamp: String
    let body: String
    let signature: String
  }

  /// Published with SendGrid's own helper for Python.
  private static let published = Vector(
    key:
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==",
    timestamp: "1600112502",
    body:
      #"[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA","sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0","smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]"#
      + "\r\n",
    signature:
      "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
  )

  /// Made with OpenSSL.
  private static let made = Vector(
    key:
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE3SKBsuJ4DjNSXtzbmnV0YazINpxE18WbaBd7VrlteROHJ1eUrcqPktKoK0lPdF7QUutfOc1CpalVPnnj4Sg/kA==",
    timestamp: "1767225600",
    body:
      #"[{"email":"user@example.com","timestamp":1767225598,"smtp-id":"<abc123@geopod-ismtpd-1>","event":"delivered","category":["otp"],"sg_event_id":"ZGVsaXZlcmVkLTAtMTIzNDU2Nzg5","sg_message_id":"abc123.recvd-5f54b5d587-abcde-1-0.0","response":"250 2.0.0 OK","challenge_id":"chl_01J9Z3"}]"#
      + "\r\n",
    signature:
      "MEQCIApSGibRY3L9yRYjraQ5kiMCVIzA1e9tTRGiqxUjoWoVAiAkwROlksR0kZWOOhQshRY9fYVyQSBZ1fHSPfs9MGM2GA=="
  )

  private func isValid(
    _ vector: Vector, timestamp: String? = nil, body: [UInt8]? = nil, signature: String? = nil
  ) throws -> Bool {
    try #require(SendGridSignature(publicKey: vector.key)).isValid(
      signature ?? vector.signature, timestamp: timestamp ?? vector.timestamp,
      body: body ?? Array(vector.body.utf8))
  }

  @Test("what SendGrid signed is believed, and no other body, time, or signature")
  func signatures() throws {
    for vector in [Self.published, Self.made] {
      #expect(try isValid(vector))
      #expect(try !isValid(vector, body: Array(vector.body.utf8.dropLast(2))))
      #expect(try !isValid(vector, timestamp: "1600112503"))
      #expect(try !isValid(vector, timestamp: ""))
      #expect(try !isValid(vector, signature: ""))
      #expect(try !isValid(vector, signature: String(vector.signature.dropLast(8))))
      var changed = Array(vector.body.utf8)
      changed[12] ^= 1
      #expect(try !isValid(vector, body: changed))
    }
    #expect(try !isValid(Self.made, signature: Self.published.signature))
  }

  @Test(
    "a signature of numbers that cannot be one is none",
    arguments: [
      // DER of (0, 0), (1, 0), (0, 1), and of the group's order twice.
      "MAYCAQACAQA=", "MAYCAQECAQA=", "MAYCAQACAQE=",
      "MEYCIQD/////AAAAAP//////////vOb6racXnoTzucrC/GMlUQIhAP////8AAAAA//////////+85vqtpxeehPO5ysL8YyVR",
      // Not DER: the two numbers side by side.
      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
    ])
  func degenerate(signature: String) throws {
    #expect(try !isValid(Self.made, signature: signature))
  }

  private func read(_ event: String) throws -> SendGridEvent {
    let body =
      #"[{"email":"a@example.com","sg_event_id":"e1","sg_message_id":"abc.recvd-1","timestamp":1,\#(event)}]"#
    return try #require(SendGridEvent.read(Array(body.utf8))?.first)
  }

  @Test(
    "each event has one meaning",
    arguments: [
      (#""event":"processed""#, "sent 2", ""), (#""event":"delivered","tls":1"#, "delivered 4", ""),
      (#""event":"deferred","attempt":"5""#, "", ""),
      (#""event":"bounce","type":"bounce","status":"5.1.1""#, "undelivered 4", "bounced"),
      (#""event":"bounce","type":"blocked""#, "undelivered 4", ""),
      (#""event":"dropped","reason":"Bounced Address""#, "undelivered 4", "bounced"),
      (#""event":"dropped","reason":"Unsubscribed Address""#, "undelivered 4", "unsubscribed"),
      (#""event":"dropped","reason":"Spam Content""#, "undelivered 4", ""),
      (#""event":"spamreport""#, "", "spam_report"),
      (#""event":"unsubscribe""#, "", "unsubscribed"),
      (#""event":"open""#, "", ""), (#""event":"new_kind""#, "", ""),
    ])
  func meanings(event: String, report: String, suppression: String) throws {
    let event = try read(event)
    #expect(event.report.map { "\($0.status.rawValue) \($0.rank)" } ?? "" == report)
    #expect(event.suppression?.reason.rawValue ?? "" == suppression)
    #expect(event.report.map(\.sid) ?? "abc" == "abc")
  }

  @Test("one bad event holds up no other, and what is no array is refused")
  func lenient() throws {
    let body =
      #"[{"event":"delivered"},17,{"sg_event_id":"e2","event":"delivered","sg_message_id":"x.y"},null]"#
    #expect(SendGridEvent.read(Array(body.utf8))?.map(\.id) == ["e2"])
    for body in ["{}", "", "[", "null"] { #expect(SendGridEvent.read(Array(body.utf8)) == nil) }
  }
}
