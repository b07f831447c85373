import FoundationEssentials

/// What somebody without an account holds who has proven a number: a token to register with, once.
struct PhoneProofs {
  let store: VerificationStore
  let phones: PhoneVault

  private static let lifetime: TimeInterval = 30 * 60

  private static func context(_ token: Token) -> [UInt8] {
    Array("phone_proof|phone|".utf8) + token.hash
  }

  /// Issues a proof; called inside the transaction that uses the code up.
  func issue(_ number: PhoneNumber, hash: [UInt8], at now: Date) throws -> Secret {
    let token = Token()
    try store.insertProof(
      token, sealed: try phones.seal(number, context: Self.context(token)), hash: hash,
      until: now.addingTimeInterval(Self.lifetime))
    return token.text
  }

  /// The number that a `phoneVerificationToken` proves.
  ///
  /// - Throws: `phone_token_invalid` when it proves nothing, or nothing any more.
  func number(provenBy token: Token, at now: Date) throws -> PhoneNumber {
    guard let sealed = try store.findProof(token, at: now) else {
      throw Rejection(.phoneTokenInvalid)
    }
    return try phones.open(sealed, context: Self.context(token))
  }

  /// Uses a proof up; called inside the transaction of what it is used for.
  func use(_ token: Token, at now: Date) throws {
    guard try store.markProofUsed(token, at: now) else { throw Rejection(.phoneTokenInvalid) }
  }
}
