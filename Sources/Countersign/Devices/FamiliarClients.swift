import Crypto
import FoundationEssentials

/// Telling an owner of a login from somewhere new.
///
/// New is a browser or app in a network that the account was not used from within half a year. The
/// network and not the address: a phone's address changes with every train ride.
package struct FamiliarClients {
  private let store: DeviceStore
  private let notices: SecurityNotices

  package init(_ connection: Connection, _ configuration: Configuration) {
    store = DeviceStore(connection: connection)
    notices = SecurityNotices(connection, configuration)
  }

  /// Notes a login, and queues a notice when it is from somewhere new and not the account's first;
  /// called inside its transaction.
  func note(_ account: Account, _ client: ClientDescription, at now: Date) throws {
    let hash = hash(client)
    guard try store.markFamiliar(hash, account.id, at: now),
      try store.hasFamiliar(besides: hash, account.id)
    else { return }
    try notices.queue(.newLogin(client), to: account, at: now)
  }

  /// Notes from where an account was opened.
  func noteFirst(_ account: Account.ID, _ client: ClientDescription, at now: Date)
    throws(DatabaseError)
  {
    _ = try store.markFamiliar(hash(client), account, at: now)
  }

  /// True when an account is used from there; asked also where there is no account, so that nothing
  /// tells the one from the other.
  func isFamiliar(_ client: ClientDescription, to account: Account.ID?) throws -> Bool {
    try store.isFamiliar(hash(client), account ?? Account.nobody)
  }

  private func hash(_ client: ClientDescription) -> [UInt8] {
    // Without its version, which is another every month.
    let browser = client.userAgent.filter { !"0123456789._".contains($0) }
    let text = "\(NetworkAddress.network(client.address))\n\(browser)"
    return Array(SHA256.hash(data: Array(text.utf8)))
  }
}
