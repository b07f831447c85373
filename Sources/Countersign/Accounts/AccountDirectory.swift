/// Finding an account by its id, for programs that do nothing else with accounts.
package struct AccountDirectory {
  private let store: AccountStore

  package init(_ connection: Connection, _ configuration: Configuration) {
    store = AccountStore(connection: connection, vault: PhoneVault(configuration.keys))
  }

  package func find(_ id: Account.ID) throws -> Account? { try store.find(id) }
}
