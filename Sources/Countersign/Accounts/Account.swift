package import FoundationEssentials

/// A person's account.
package struct Account: Sendable {
  package typealias ID = Identifier<Account>

  /// An id that no account has: asked for where there is no account, so that the database does the
  /// same for an unknown address as for a known one.
  static let nobody = ID(at: Date(timeIntervalSince1970: 0))

  package let id: ID
  package let email: String
  package let name: String?
  package let locale: String
  package let region: String
  package let currency: String
  package let role: Role
  /// The factor that a login asks for; nil while none is on.
  package let secondFactor: Factor?
  /// The number in force, verified or given at registration and not verified yet.
  package let phone: PhoneNumber?
  package let phoneVerifiedAt: Date?
  /// Large transfers wait until then after a phone or factor was replaced or removed.
  package let coolingOffUntil: Date?
  package let createdAt: Date

  /// What its owner may do beside what everybody may; see `AdminAct`.
  package enum Role: String, Sendable, Codable, CaseIterable {
    case user, support, security, admin

    /// True for those who administer: their second factor is an app, and no device is remembered for them.
    package var isAdministrative: Bool { self != .user }
  }

  package var isPhoneVerified: Bool { phone != nil && phoneVerifiedAt != nil }

  static func phoneContext(_ id: ID) -> [UInt8] { phoneContext(row: id.bytes) }
  static func passwordContext(_ id: ID) -> [UInt8] { passwordContext(row: id.bytes) }
  static func phoneContext(row: [UInt8]) -> [UInt8] { Array("account|phone|".utf8) + row }
  static func passwordContext(row: [UInt8]) -> [UInt8] { Array("account|password|".utf8) + row }

  init(_ row: Row, _ vault: PhoneVault) throws {
    let id: ID = try row.id("id")
    self.id = id
    email = try row.text("email")
    name = try row.optionalText("name")
    locale = try row.text("locale")
    region = try row.text("region")
    currency = try row.text("currency")
    role = Role(rawValue: try row.text("role")) ?? .user
    secondFactor = try row.optionalText("second_factor").flatMap { Factor(rawValue: $0) }
    phone = try row.optionalBytes("phone_sealed").map {
      try vault.open($0, context: Self.phoneContext(id))
    }
    phoneVerifiedAt = try row.optionalTime("phone_verified_at")
    coolingOffUntil = try row.optionalTime("cooling_off_until")
    createdAt = try row.time("created_at")
  }
}
