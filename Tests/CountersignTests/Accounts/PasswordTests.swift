import Testing

@testable import Countersign

@Suite struct `Choosing a password` {
  @Test(
    "passwords that are guessed early are known in every spelling",
    arguments: [
      "password", "Password1!", "p@ssw0rd2024", "qwertyuiop", "1qaz2wsx", "12345678", "87654321",
      "aaaaaaaa", "abababab",
      "monkey1987", "!!dragon!!", "iloveyou2", "letmein123", "admin1234", "sunshine99",
      "q1w2e3r4t5", "footballlover1",
      "basketball7", "starwars77", "trustno1!!", "welcome2024", "00000000",
    ])
  func common(text: String) {
    #expect(CommonPasswords.contains(text.lowercased()))
  }

  @Test(
    "others are not",
    arguments: [
      "plover-quartz-91x", "walnut harbour kite", "vB7#kk20xPqw", "correct horse battery staple",
      "zwölf boxkämpfer",
    ])
  func uncommon(text: String) {
    #expect(!CommonPasswords.contains(text.lowercased()))
  }

  @Test("a hash verifies its own password alone")
  func hash() throws {
    let password = try #require(Password(Secret("plover-quartz-91x")))
    let hash = try PasswordHash.make(password)

    #expect(String(decoding: hash, as: UTF8.self).hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
    #expect(try PasswordHash.verify(password, hash))
    #expect(try !PasswordHash.verify(try #require(Password(Secret("plover-quartz-91y"))), hash))
    #expect(try PasswordHash.make(password) != hash)
  }
}
