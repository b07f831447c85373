import FoundationEssentials

/// An entry as it is published: in the security log, and as a line of an export.
package struct AuditLine: Encodable {
  let sequence: Int
  let userId: Account.ID?
  let eventType: String
  let severity: String
  let description: String
  let metadata: [String: String]
  let at: Date
  let mac: String

  package init(_ entry: AuditEntry) {
    sequence = entry.sequence
    // Whose account it is about.
    userId = entry.targetID ?? entry.adminID
    eventType = entry.event
    severity = entry.severity
    description = entry.description
    at = entry.at
    mac = Hexadecimal.encode(entry.mac)
    // What does not decode was changed by somebody, which `audit verify` says.
    var metadata =
      (try? JSONDecoder().decode([String: String].self, from: Data(entry.metadata.utf8))) ?? [:]
    metadata["adminId"] = entry.adminID?.description
    metadata["adminEmail"] = entry.adminEmail
    metadata["targetUserId"] = entry.targetID?.description
    metadata["targetUserEmail"] = entry.targetEmail
    if !entry.address.isEmpty { metadata["address"] = entry.address }
    if !entry.requestID.isEmpty { metadata["requestId"] = entry.requestID }
    self.metadata = metadata
  }

  /// As one line of JSON.
  package var line: [UInt8] {
    get throws { try Response.json(self).body + [UInt8(ascii: "\n")] }
  }
}
