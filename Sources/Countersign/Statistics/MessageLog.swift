package import FoundationEssentials

/// Every message there was, as administrators look for them; no text is shown, and no code.
package struct MessageLog {
  private let store: MessageLogStore
  private let vault: MessageVault

  package init(_ connection: Connection, _ configuration: Configuration) {
    store = MessageLogStore(
      connection: connection, phones: PhoneVault(configuration.keys))
    vault = MessageVault(keys: configuration.keys)
  }

  /// A message.
  package struct Entry: Sendable {
    package let id: OutgoingMessage.ID
    package let kind: String
    package let channel: OutgoingMessage.Channel
    package let account: Account.ID?
    package let accountEmail: String?
    let destinationSealed: [UInt8]
    package let country: String?
    package let segments: Int?
    /// In millionths of a US dollar.
    package let price: Int?
    package let isPriceKnown: Bool
    package let provider: String?
    package let providerID: String?
    package let status: MessageStatus
    package let errorCode: String?
    package let failure: String?
    package let attempts: Int
    package let createdAt: Date
    package let sentAt: Date?
    package let finishedAt: Date?
    package let usedAt: Date?
  }

  package func page(
    _ filter: MessageFilter, before cursor: OutgoingMessage.ID? = nil, offset: Int = 0, limit: Int
  ) throws -> [Entry] {
    try store.page(filter, before: cursor, offset: offset, limit: limit)
  }

  /// One message; nil when there is none.
  package func find(_ id: OutgoingMessage.ID) throws -> Entry? { try store.find(id) }

  /// How many messages there are, by kind, and whether that is all: of an account or a number no more than 100,000 are counted.
  package func byKind(_ filter: MessageFilter) throws -> (counts: [String: Int], isAll: Bool) {
    try store.byKind(filter)
  }

  /// Where a message went; nil when that cannot be opened.
  package func destination(of entry: Entry) -> String? {
    try? vault.openDestination(entry.destinationSealed, entry.id)
  }

  /// The same with all but its end, or its beginning, hidden.
  package func maskedDestination(of entry: Entry) -> String? {
    destination(of: entry).map { text in
      PhoneNumber(e164: text)?.masked ?? EmailAddress.masked(text)
    }
  }
}
