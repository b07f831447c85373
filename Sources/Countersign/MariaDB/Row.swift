package import FoundationEssentials

/// One row, decoded by column name; its values are copies and outlive the statement.
package struct Row: Sendable {
  let columns: [String]
  let values: [SQLValue]
  let statement: String

  private func value(_ name: String) throws(DatabaseError) -> SQLValue {
    for (column, value) in zip(columns, values) where column == name { return value }
    throw DatabaseError(.undecodable, statement: "\(statement) [no column \(name)]")
  }

  private func mismatch(_ name: String) -> DatabaseError {
    DatabaseError(.undecodable, statement: "\(statement) [column \(name)]")
  }

  package func isNull(_ name: String) throws(DatabaseError) -> Bool { try value(name) == .null }

  package func int(_ name: String) throws(DatabaseError) -> Int {
    guard case .integer(let value) = try value(name) else { throw mismatch(name) }
    return Int(value)
  }

  package func bool(_ name: String) throws(DatabaseError) -> Bool { try int(name) != 0 }

  package func text(_ name: String) throws(DatabaseError) -> String {
    switch try value(name) {
    case .text(let value): return value
    default: throw mismatch(name)
    }
  }

  package func bytes(_ name: String) throws(DatabaseError) -> [UInt8] {
    switch try value(name) {
    case .bytes(let value): return value
    case .text(let value): return Array(value.utf8)
    default: throw mismatch(name)
    }
  }

  package func time(_ name: String) throws(DatabaseError) -> Date {
    guard case .time(let value) = try value(name) else { throw mismatch(name) }
    return Date(microseconds: value)
  }

  package func id<Subject>(_ name: String) throws(DatabaseError) -> Identifier<Subject> {
    guard let id = Identifier<Subject>(bytes: try bytes(name)) else { throw mismatch(name) }
    return id
  }

  // Nullable columns: nil for NULL, and an error for another type all the same.

  package func optionalInt(_ name: String) throws(DatabaseError) -> Int? {
    try isNull(name) ? nil : try int(name)
  }
  package func optionalText(_ name: String) throws(DatabaseError) -> String? {
    try isNull(name) ? nil : try text(name)
  }
  package func optionalBytes(_ name: String) throws(DatabaseError) -> [UInt8]? {
    try isNull(name) ? nil : try bytes(name)
  }
  package func optionalTime(_ name: String) throws(DatabaseError) -> Date? {
    try isNull(name) ? nil : try time(name)
  }
}
