import FoundationEssentials
import Synchronization
import TestSupport
import Testing

@testable import Countersign

@Suite struct `Answering challenges` {
  @Test("of 10,000 codes, each answered by eight at once, none is accepted twice")
  func onceOnly() throws {
    let codes = 10_000
    let configuration = try testConfiguration(try TestDatabase.makeWithSchema()) {
      withoutSendLimits(&$0)
      $0.failedCodesPerHour = 256
    }
    // So many that no account's tries of an hour are used up by the losers.
    let accounts = try makeAccounts(codes / 10, configuration)
    let begun = Mutex<[(id: String, code: String)]>([])
    _ = atOnce(8) { worker in
      do {
        let connection = Connection(configuration.database)
        let challenges = Challenges(connection, configuration)
        let vault = MessageVault(keys: configuration.keys)
        for (index, id) in accounts.enumerated() where index % 8 == worker {
          let account = try #require(
            try AccountDirectory(connection, configuration).find(id))
          for purpose in 0..<10 {
            let challenge = try challenges.begin(
              Challenge.Purpose(rawValue: "purpose_\(purpose)"), for: account, by: .host, at: .now)
            let row = try #require(
              try connection.first(
                """
                SELECT m.id, m.payload_sealed
                  FROM challenge c
                  JOIN message m ON m.id = c.code_message_id
                 WHERE c.token_hash = \(Token(received: challenge.id.reveal())?.hash)
                """))
            let text = try vault.openText(try row.bytes("payload_sealed"), try row.id("id"))
            begun.withLock { $0.append((challenge.id.reveal(), String(text.body.suffix(6)))) }
          }
        }
      } catch {
        Issue.record(error)
      }
    }
    let challenges = begun.withLock { $0 }
    try #require(challenges.count == codes)

    let accepted = atOnce(8) { _ -> [Bool] in
      let connection = Connection(configuration.database)
      let flow = Challenges(connection, configuration)
      let client = ClientDescription(userAgent: nil, address: "")
      return challenges.map { challenge in
        (try? flow.answer(
          challenge.id, .code(challenge.code), remembersDevice: false, client, at: .now)) != nil
      }
    }

    let times = challenges.indices.map { index in accepted.count { $0[index] } }
    #expect(times.allSatisfy { $0 <= 1 })
    // An account's tries are shared by its ten codes, and the losers of one may use up the next's:
    // almost all succeed, and never more than once.
    #expect(times.count { $0 == 1 } > codes * 9 / 10)
  }

  /// Accounts with codes by text message on, each with a number of its own.
  private func makeAccounts(_ count: Int, _ configuration: Configuration) throws -> [Account.ID] {
    let connection = Connection(configuration.database)
    let phones = PhoneVault(configuration.keys)
    return try (0..<count).map { index in
      let id = Account.ID(at: .now)
      let number = try #require(PhoneNumber(e164: "+1415\(2_000_000 + index)"))
      try connection.execute(
        """
        INSERT INTO account (id, email, email_key, region, second_factor, phone_sealed, phone_hash, phone_verified_at,
                             created_at)
        VALUES (\(id), \("\(index)@example.com"), \(Array("\(index)@example.com".utf8)), 'US', 'sms',
                \(try phones.seal(number, context: Account.phoneContext(id))), \(try phones.hash(number)), \(Date.now),
                \(Date.now))
        """)
      try connection.execute(
        "INSERT INTO factor (account_id, kind, id, confirmed_at) VALUES (\(id), 'sms', \(id), \(Date.now))"
      )
      return id
    }
  }

  @Test("a new code for an account and purpose is the only one that lives")
  func oneLiveCode() throws {
    let configuration = try testConfiguration(
      try TestDatabase.makeWithSchema(), changing: withoutSendLimits)
    let id = try makeAccounts(1, configuration)[0]
    _ = atOnce(16) { _ in
      do {
        let connection = Connection(configuration.database)
        let account = try #require(try AccountDirectory(connection, configuration).find(id))
        let challenges = Challenges(connection, configuration)
        for _ in 0..<5 {
          _ = try challenges.begin(.passwordChange, for: account, by: .host, at: .now)
          _ = try challenges.begin(.phoneChange, for: account, by: .host, at: .now)
        }
      } catch {
        Issue.record(error)
      }
    }

    let rows = try Connection(configuration.database).all(
      "SELECT COUNT(*) AS begun, COUNT(code_mac) AS living FROM challenge GROUP BY purpose")
    #expect(try rows.map { try $0.int("begun") } == [80, 80])
    #expect(try rows.map { try $0.int("living") } == [1, 1])
  }
}
