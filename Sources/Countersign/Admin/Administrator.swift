package import FoundationEssentials

/// Somebody who may do what is being asked for: in a session at level 2 by an app, with a role that the route is for.
package struct Administrator: Sendable {
  package let account: Account
  /// As acts are written down.
  package let actor: AuditActor
  package let at: Date
}

/// Why an administrator does something, in their own words.
package struct Reason: Sendable {
  package let text: String

  package static let none = Reason(trusted: "")

  private init(trusted text: String) {
    self.text = text
  }

  /// - Throws: `invalid_field` unless it is 1 to 500 characters that are seen as they are.
  package init(_ text: String?) throws(Rejection) {
    let text = text ?? ""
    guard !text.allSatisfy({ $0 == " " }), (1...500).contains(text.unicodeScalars.count),
      text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
    else { throw Rejection(.invalidField, field: "reason") }
    self.text = text
  }

  /// The same where there need be none.
  package init(optional text: String?) throws(Rejection) {
    if let text { try self.init(text) } else { self = .none }
  }
}

extension Set<Account.Role> {
  /// Support, who look, and help people back in.
  package static var everybody: Set { [.support, .security, .admin] }
  package static var support: Set { [.support, .admin] }
  /// Those who stand against fraud.
  package static var security: Set { [.security, .admin] }
  package static var administrators: Set { [.admin] }
}

/// The routes of administrators: none exists that does not say which roles it is for.
package struct AdminRoutes {
  private let gate: SessionGate

  package init(_ gate: SessionGate) {
    self.gate = gate
  }

  package typealias Act = (Request, Administrator) throws -> Response

  package func get(_ pattern: String, for roles: Set<Account.Role>, _ act: @escaping Act) -> Route {
    .get(pattern) { try act($0, administrator($0, roles)) }
  }

  package func post(_ pattern: String, for roles: Set<Account.Role>, _ act: @escaping Act) -> Route
  {
    .post(pattern) { try act($0, administrator($0, roles)) }
  }

  package func put(_ pattern: String, for roles: Set<Account.Role>, _ act: @escaping Act) -> Route {
    .put(pattern) { try act($0, administrator($0, roles)) }
  }

  package func delete(
    _ pattern: String, for roles: Set<Account.Role>, _ act: @escaping Act
  ) -> Route {
    .delete(pattern) { try act($0, administrator($0, roles)) }
  }

  /// - Throws: `unauthenticated` without a session, or when it was left alone for a quarter of an hour; `role_required`;
  ///   `level_too_low` unless an app, or a code written down with it, raised the session to level 2.
  private func administrator(_ request: Request, _ roles: Set<Account.Role>) throws
    -> Administrator
  {
    let session = try gate.required(request)
    let account = session.account
    guard account.role.isAdministrative, roles.contains(account.role) else {
      throw Rejection(.roleRequired)
    }
    guard session.level >= 2, account.secondFactor == .app, let factor = session.factor,
      factor != .sms
    else { throw Rejection(.levelTooLow) }
    return Administrator(
      account: account,
      actor: AuditActor(
        id: account.id, email: account.email, address: request.address, requestID: request.id),
      at: request.time)
  }
}
