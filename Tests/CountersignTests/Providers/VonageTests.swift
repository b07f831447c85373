import FoundationEssentials
import Testing

@testable import Countersign

@Suite struct `Vonage's callbacks` {
  private static let secret = Secret("my_signature_secret_0123456789abcd")
  private static let sentAt = Date(timeIntervalSince1970: 1_577_880_000)
  private static let fields: [(name: String, value: String)] = [
    ("msisdn", "447700900000"), ("to", "AcmeInc"), ("network-code", "12345"),
    ("messageId", "0A0000001234567B"), ("price", "0.03330000"), ("status", "delivered"),
    ("scts", "2001011400"), ("err-code", "0"), ("api-key", "abcd1234"),
    ("message-timestamp", "2020-01-01 12:00:00"), ("timestamp", "1577880000"),
    ("nonce", "ec11dd3e-1e7f-4db5-9467-82b02cd223b9"), ("client-ref", "a=b&c"),
  ]

  private func form(_ signature: String, changing name: String? = nil) -> FormFields {
    FormFields(
      Self.fields.map { ($0.name, $0.name == name ? "\($0.value)1" : $0.value) }
        + [("sig", signature)])
  }

  private static let signatures: [(VonageSignature.Method, String)] = [
    (.md5hash, "4280f922ec67bba8c4195957960bbf87"), (.md5, "0144ce23263e68ff4f86b3e029bdc78b"),
    (.sha1, "b359c8aff6ee17d05521f66dd5b16311ccdd425f"),
    (.sha256, "140e8cda2092e39932235b42385111ddea217c9f513b0f703cfeddce088f3ce4"),
    (
      .sha512,
      "0ada5eca29e667d8b1f844c91f348c24c4fb90b0e3dd7fef9d40966497762d70b81a6c5c50f0a4f7819b15e550187a5c17cf22cc06926cd148b26cc337c9cf9e"
    ),
  ]

  @Test(
    "a callback counts under every method that Vonage has, or under the one configured",
    arguments: signatures)
  func methods(method: VonageSignature.Method, signature: String) {
    let any = VonageSignature(secret: Self.secret)
    #expect(any.isValid(form(signature), at: Self.sentAt))
    #expect(any.isValid(form(signature.uppercased()), at: Self.sentAt))
    #expect(
      VonageSignature(secret: Self.secret, method: method).isValid(form(signature), at: Self.sentAt)
    )
    let other: VonageSignature.Method = method == .sha256 ? .sha1 : .sha256
    #expect(
      !VonageSignature(secret: Self.secret, method: other).isValid(form(signature), at: Self.sentAt)
    )
    #expect(!VonageSignature(secret: Secret("x")).isValid(form(signature), at: Self.sentAt))
  }

  @Test("a changed, unsigned, or old one does not")
  func refused() {
    let signature = VonageSignature(secret: Self.secret)
    let right = Self.signatures[3].1
    for name in ["status", "messageId", "nonce", "client-ref"] {
      #expect(!signature.isValid(form(right, changing: name), at: Self.sentAt))
    }
    #expect(!signature.isValid(form(""), at: Self.sentAt))
    #expect(!signature.isValid(FormFields(Self.fields), at: Self.sentAt))
    #expect(signature.isValid(form(right), at: Self.sentAt + 599))
    #expect(!signature.isValid(form(right), at: Self.sentAt + 601))
    #expect(!signature.isValid(form(right), at: Self.sentAt - 601))
  }

  private static let body =
    #"{"request_id":"c11236f4-00bf-4b89-84ba-88b25df97315","triggered_at":"2020-01-01T14:00:00.000Z","type":"event","channel":"sms","status":"completed","finalized_at":"2020-01-01T14:00:00.000Z","client_ref":"my-personal-ref"}"#
  private static let token =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpYXQiOjE1Nzc4ODcyMDAsImp0aSI6ImM1YmE4ZjI0LTFhMTQtNGMxMC1iZmRmLTNmYmU4Y2U1MTFiNSIsImlzcyI6IlZvbmFnZSIsInBheWxvYWRfaGFzaCI6ImM5NWJkYjc4Zjc0ODNlYThiZjRiNGQyNmU3OTI1YTI3YmI3YmFmYTU5MGQxYzllMmM0NmYzMjMwYzE2OTkxM2QiLCJhcGlfa2V5IjoiYWJjZDEyMzQiLCJhcHBsaWNhdGlvbl9pZCI6ImFhYWFhYWFhLWJiYmItY2NjYy1kZGRkLTAxMjM0NTY3ODlhYiJ9.WqETdPtNLGb1Dn5V6vjY-wt-zPG_ZVh5EUW74qnu-Bk"
  private static let tokenAt = Date(timeIntervalSince1970: 1_577_887_200)

  private func isTaken(
    _ authorization: String?, body: String = body, key: String = "abcd1234",
    secret: Secret = secret, at time: Date = tokenAt
  ) -> Bool {
    VonageToken(authorization, body: Array(body.utf8), (key, secret), at: time) != nil
  }

  private func token(header: String, claims: String) -> String {
    "Bearer \(Base64URL.encode(Array(header.utf8))).\(Base64URL.encode(Array(claims.utf8)))."
  }

  @Test("a token vouches for its own body, account, and time, and no other")
  func tokens() throws {
    #expect(isTaken("Bearer \(Self.token)"))
    #expect(isTaken("bearer \(Self.token)"))
    #expect(
      VonageToken(
        "Bearer \(Self.token)", body: Array(Self.body.utf8), ("abcd1234", Self.secret),
        at: Self.tokenAt)?.id == "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5")
    #expect(!isTaken("Bearer \(Self.token)", body: Self.body + " "))
    #expect(!isTaken("Bearer \(Self.token)", key: "abcd1235"))
    #expect(!isTaken("Bearer \(Self.token)", secret: Secret("another")))
    #expect(!isTaken("Bearer \(Self.token)", at: Self.tokenAt + 601))
    #expect(!isTaken("Bearer \(Self.token.dropLast(2))"))
    #expect(!isTaken(nil))
    #expect(!isTaken(Self.token))
  }

  @Test("a token cannot choose how it is checked", arguments: ["none", "RS256", "HS512", "hs256"])
  func algorithms(name: String) throws {
    let parts = Self.token.split(separator: ".")
    let claims = try #require(Base64URL.decode(String(parts[1])))
    let header = #"{"typ":"JWT","alg":"\#(name)"}"#
    let forged = token(header: header, claims: String(decoding: claims, as: UTF8.self))
    #expect(!isTaken(forged))
    #expect(!isTaken("\(forged)\(parts[2])"))
  }

  @Test(
    "each status of a receipt has one meaning",
    arguments: [
      ("accepted", "sent 2"), ("buffered", "sent 3"), ("delivered", "delivered 4"),
      ("expired", "undelivered 4"), ("failed", "undelivered 4"), ("rejected", "undelivered 4"),
      ("unknown", ""), ("new", ""),
    ])
  func receipts(status: String, report: String) throws {
    let receipt = try #require(
      VonageReceipt(FormFields([("messageId", "0A"), ("status", status), ("err-code", "3")])))
    #expect(receipt.report.map { "\($0.status.rawValue) \($0.rank)" } ?? "" == report)
    if receipt.report?.status == .undelivered {
      #expect(receipt.report?.failure == .destinationUnknown)
    }
  }
}

@Suite struct `What Vonage answers` {
  private func word(_ status: Int, _ body: String = "") throws -> String {
    var configuration = try testConfigurationForProviders()
    configuration.vonage = try testVonage()
    let settings = try #require(configuration.vonage)
    let vonage = VonageMessages(settings, configuration.publicBaseURL)
    let response = TransferResponse(
      status: status, body: Array(body.utf8), retryAfter: nil, headers: [:])
    return switch vonage.outcome(.success(response), of: testOrder(.sms, to: "+14155552671")) {
    case .accepted(let sid, _): "accepted \(sid)"
    case .refused(let code, let failure): "refused \(code ?? 0) \(failure.rawValue)"
    case .notTaken(_, let failure): "not taken \(failure.rawValue)"
    case .inProgress(let sid): "in progress \(sid ?? "")"
    case .unknown: "unknown"
    }
  }

  private func testVonage() throws -> VonageSettings {
    var source = Environment([
      "VONAGE_API_KEY": "abcd1234", "VONAGE_API_SECRET": "s", "VONAGE_SIGNATURE_SECRET": "t",
      "VONAGE_FROM": "ACME",
    ])
    return try #require(VonageSettings(&source, sendsTexts: true))
  }

  @Test("a part that was refused is told from one that was taken, whatever the HTTP status says")
  func outcomes() throws {
    #expect(
      try word(200, #"{"message-count":"1","messages":[{"status":"0","message-id":"0A01"}]}"#)
        == "accepted 0A01")
    #expect(
      try word(200, #"{"messages":[{"status":"4","error-text":"Bad Credentials"}]}"#)
        == "refused 4 provider_auth_failed")
    #expect(
      try word(200, #"{"messages":[{"status":"1","error-text":"Throttled"}]}"#)
        == "not taken provider_rate_limited")
    #expect(
      try word(200, #"{"messages":[{"status":"7"}]}"#) == "refused 7 destination_opted_out")
    // Half of it is on its way, and is not sent again.
    #expect(
      try word(200, #"{"messages":[{"status":"5"},{"status":"0","message-id":"0A"}]}"#)
        == "accepted 0A")
    #expect(try word(200, #"{"messages":[{"status":"5"}]}"#) == "unknown")
    #expect(try word(200, "<html>") == "unknown")
    #expect(try word(500) == "unknown")
    #expect(try word(503) == "not taken provider_unavailable")
  }
}
