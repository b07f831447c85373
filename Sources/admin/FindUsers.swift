import Countersign
import FoundationEssentials

/// An account as administrators see it.
private struct UserAnswer: Encodable {
  let userId: Account.ID
  let externalId: String?
  let email: String
  let name: String?
  let maskedPhone: String?
  let phoneVerified: Bool
  let twoFactorEnabled: Bool
  let method: String?
  let role: String
  let locked: Bool
  let lockedAt: Date?
  let createdAt: Date

  init(_ user: UserDirectory.User) {
    let account = user.account
    userId = account.id
    externalId = user.externalID
    email = account.email
    name = account.name
    maskedPhone = account.phone?.masked
    phoneVerified = account.isPhoneVerified
    twoFactorEnabled = account.secondFactor != nil
    method = account.secondFactor?.rawValue
    role = account.role.rawValue
    locked = user.lockedAt != nil
    lockedAt = user.lockedAt
    createdAt = account.createdAt
  }
}

/// GET /api/admin/users: accounts by what is known of them.
struct ListUsers {
  let users: UserDirectory
  let region: String
  let oversight: Oversight

  private struct Answer: Encodable {
    struct Data: Encodable {
      let users: [UserAnswer]
      let nextCursor: OrNull<Account.ID>
    }
    let success = true
    let data: Data
  }

  /// What was looked for as it is written down: of what may be a number, also one that is mistyped, the end alone.
  private func written(_ text: String) -> String {
    if let number = PhoneNumber(text, region: region) { return number.masked }
    if Account.ID(text) != nil { return text }
    let digits = text.unicodeScalars.count { ("0"..."9").contains($0) }
    guard digits >= 6 else { return text }
    var left = digits
    return String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { character in
          guard ("0"..."9").contains(character) else { return character }
          left -= 1
          return left >= 2 ? "•" : character
        }))
  }

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    let text = try request.queryValue("q") ?? ""
    guard text.unicodeScalars.count <= 254 else { throw Rejection(.invalidField, field: "q") }
    let limit = try request.limit(20, atMost: 100)
    let cursor: Account.ID? = try request.id("cursor")
    var details = ["query": written(text)]
    details["cursor"] = cursor?.description
    try oversight.look(AuditEvent(.usersSearched, details: details), by: admin)
    let found = try users.search(text, before: cursor, limit: limit + 1)
    let page = found.prefix(limit).map(UserAnswer.init)
    return try .json(
      Answer(
        data: Answer.Data(
          users: page, nextCursor: OrNull(found.count > limit ? page.last?.userId : nil))))
  }
}

/// GET /api/admin/users/{id}: one account, with what it is signed in with.
struct ShowUser {
  let users: UserDirectory
  let oversight: Oversight

  private struct Answer: Encodable {
    struct Factor: Encodable {
      let method: String
      let confirmedAt: Date
      let disabledAt: Date?
    }
    struct Session: Encodable {
      let device: String
      let address: String
      let createdAt: Date
      let lastSeenAt: Date
    }
    struct Device: Encodable {
      let device: String
      let lastUsedAt: Date
      let expiresAt: Date
    }
    struct Data: Encodable {
      let user: UserAnswer
      let locale: String
      let region: String
      let currency: String
      let phoneVerifiedAt: Date?
      let coolingOffUntil: Date?
      let factors: [Factor]
      let backupCodesRemaining: Int
      let sessions: [Session]
      let devices: [Device]
    }
    let success = true
    let data: Data
  }

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    let found = try users.find(try request.pathID(), at: request.time)
    let account = found.user.account
    try oversight.look(AuditEvent(.userViewed, about: account), by: admin)
    return try .json(
      Answer(
        data: Answer.Data(
          user: UserAnswer(found.user), locale: account.locale, region: account.region,
          currency: account.currency, phoneVerifiedAt: account.phoneVerifiedAt,
          coolingOffUntil: account.coolingOffUntil,
          factors: found.factors.map {
            Answer.Factor(
              method: $0.kind.rawValue, confirmedAt: $0.confirmedAt, disabledAt: $0.disabledAt)
          }, backupCodesRemaining: found.backupCodesLeft,
          sessions: found.sessions.map {
            Answer.Session(
              device: $0.userAgent, address: $0.address, createdAt: $0.createdAt,
              lastSeenAt: $0.lastSeenAt)
          },
          devices: found.devices.map {
            Answer.Device(
              device: $0.userAgent, lastUsedAt: $0.lastUsedAt, expiresAt: $0.expiresAt)
          })))
  }
}
