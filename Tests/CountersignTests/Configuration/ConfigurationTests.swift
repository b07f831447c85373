import FoundationEssentials
import Testing

@testable import Countersign

@Suite struct `Reading the configuration` {
  private static let complete = [
    "PUBLIC_BASE_URL": "https://auth.example.com", "DATABASE_URL": "mariadb://u:p@db/countersign",
    "COUNTERSIGN_KEYS": "7:\(Data(repeating: 7, count: 32).base64EncodedString())",
    "COUNTERSIGN_PRODUCT_NAME": "Acme Pay",
    "SMS_PROVIDERS": "twilio", "TWILIO_ACCOUNT_SID": "AC00000000000000000000000000000000",
    "TWILIO_AUTH_TOKEN": "token",
    "TWILIO_PHONE_NUMBER": "+15005550006", "EMAIL_PROVIDERS": "sendgrid",
    "SENDGRID_API_KEY": "SG.x", "SENDGRID_FROM_EMAIL": "security@example.com",
  ]

  private func faults(_ changes: [String: String]) -> [String] {
    do {
      _ = try Configuration.read(from: Environment(Self.complete.merging(changes) { $1 }))
      return []
    } catch {
      return error.faults
    }
  }

  @Test("a complete one is read, with the contract's limits")
  func complete() throws {
    let configuration = try Configuration.read(from: Environment(Self.complete))
    #expect(configuration.limits.sendsPerNumberPerHour == 5)
    #expect(configuration.limits.anonymousSendsPerNumberPerHour == 3)
    #expect(configuration.workers == 8)
    #expect(!configuration.twilio.isSandbox)
  }

  @Test("all faults are told at once")
  func allFaults() {
    #expect(
      faults([
        "PUBLIC_BASE_URL": "", "COUNTERSIGN_KEYS": "", "COUNTERSIGN_WORKERS": "0",
        "LOG_LEVEL": "loud",
      ]).count == 4)
  }

  @Test(
    "a value that is not well formed is a fault, and names its variable",
    arguments: [
      ("PUBLIC_BASE_URL", "http://auth.example.com"),
      ("PUBLIC_BASE_URL", "https://auth.example.com/path"),
      ("PUBLIC_BASE_URL", "https://u:p@auth.example.com"), ("DATABASE_URL", "postgres://db/x"),
      ("COUNTERSIGN_ALLOWED_COUNTRIES", "US,XX"), ("COUNTERSIGN_DEFAULT_REGION", "us"),
      ("COUNTERSIGN_PRODUCT_NAME", "Ümlaut"), ("TWILIO_ACCOUNT_SID", "AC1"),
      ("TWILIO_API_KEY_SID", "SK1"),
      ("TWILIO_API_BASE_URL", "http://api.twilio.com"), ("SMS_PROVIDERS", "pigeon"),
      ("TWILIO_MAX_SMS_PER_HOUR", "-1"), ("EMAIL_PROVIDERS", "pigeon"),
      ("SENDGRID_API_KEY", ""), ("SENDGRID_FROM_EMAIL", "nobody"),
      ("SENDGRID_BASE_URL", "ftp://mail"), ("COUNTERSIGN_COOLING_OFF_HOURS", "-1"),
      ("COUNTERSIGN_KEYS_FILE", "/nonexistent"),
    ])
  func malformed(name: String, value: String) {
    var changes = [name: value]
    if name == "COUNTERSIGN_KEYS_FILE" { changes["COUNTERSIGN_KEYS"] = "" }
    let found = faults(changes)
    #expect(found.contains { $0.hasPrefix(name) || $0.contains(name) })
  }

  @Test("a secret can stand in a file, and a .env file stands behind the environment")
  func files() throws {
    let path = "/tmp/countersign-env-\(Hexadecimal.encode(Random.bytes(6)))"
    try Data("from file\n".utf8).write(to: URL(filePath: path))
    var environment = Environment(["A_FILE": path])
    #expect(environment.value("A") == "from file")

    try Data("# comment\nexport A='quoted'\nB = x\nC=\"a b\" \n\nD=plain#not a comment\r\n".utf8)
      .write(to: URL(filePath: path))
    var behind = Environment(["C": "environment"], file: path)
    #expect(behind.value("A") == "quoted")
    #expect(behind.value("C") == "environment")
    #expect(behind.value("D") == "plain#not a comment")
  }
}
