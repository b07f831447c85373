package import FoundationEssentials

/// A statement whose values are binds: what stands between `\(` and `)` becomes a `?` and a value.
///
/// Text can enter only as a literal, so a statement cannot be put together from strings, by mistake
/// or by an attacker:
///
///     let row = try connection.first("SELECT id FROM account WHERE email = \(email)")
///
/// A `String` variable where SQL is expected does not compile.
package struct SQL: ExpressibleByStringInterpolation, Sendable {
  package let text: String
  package let values: [SQLValue]

  package init(stringLiteral value: StaticString) {
    text = value.description
    values = []
  }

  package init(stringInterpolation: StringInterpolation) {
    text = stringInterpolation.text
    values = stringInterpolation.values
  }

  /// For the one caller whose statements are files: migrations.
  init(trustedText: String) {
    text = trustedText
    values = []
  }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""
    fileprivate var values: [SQLValue] = []

    package init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity + interpolationCount)
      values.reserveCapacity(interpolationCount)
    }

    package mutating func appendLiteral(_ literal: StaticString) {
      text += literal.description
    }

    package mutating func appendInterpolation(_ value: some SQLBindable) {
      text += "?"
      values.append(value.sqlValue)
    }

    package mutating func appendInterpolation(_ value: (some SQLBindable)?) {
      text += "?"
      values.append(value?.sqlValue ?? .null)
    }

    /// A list for `IN (…)`; an empty one matches nothing.
    package mutating func appendInterpolation(list: [some SQLBindable]) {
      text += list.isEmpty ? "NULL" : list.map { _ in "?" }.joined(separator: ", ")
      values += list.map(\.sqlValue)
    }

    /// A part of a statement that is one of ours, with its values.
    package mutating func appendInterpolation(part: SQL) {
      text += part.text
      values += part.values
    }

    /// Conditions that all have to hold, each a statement's part of its own; at least one.
    package mutating func appendInterpolation(all conditions: [SQL]) {
      text += conditions.map(\.text).joined(separator: " AND ")
      values += conditions.flatMap(\.values)
    }

    /// Queries whose rows belong together, at least one.
    package mutating func appendInterpolation(union queries: [SQL]) {
      text += queries.map(\.text).joined(separator: " UNION ALL ")
      values += queries.flatMap(\.values)
    }

    /// Rows for `VALUES …`, at least one, all of the same length.
    package mutating func appendInterpolation(rows: [[SQLValue]]) {
      text += rows.map { "(" + $0.map { _ in "?" }.joined(separator: ", ") + ")" }
        .joined(separator: ", ")
      values += rows.flatMap(\.self)
    }
  }
}

/// A value as it travels to and from the database.
package enum SQLValue: Sendable, Equatable {
  case null
  case integer(Int64)
  case text(String)
  case bytes([UInt8])
  /// Microseconds since 1970, in UTC.
  case time(Int64)
}

/// What can be bound to a statement.
package protocol SQLBindable {
  var sqlValue: SQLValue { get }
}

extension Int: SQLBindable {
  package var sqlValue: SQLValue { .integer(Int64(self)) }
}

extension Bool: SQLBindable {
  package var sqlValue: SQLValue { .integer(self ? 1 : 0) }
}

extension String: SQLBindable {
  package var sqlValue: SQLValue { .text(self) }
}

extension [UInt8]: SQLBindable {
  package var sqlValue: SQLValue { .bytes(self) }
}

extension Date: SQLBindable {
  package var sqlValue: SQLValue { .time(microseconds) }

  /// Microseconds since 1970, the precision of every time we store.
  package var microseconds: Int64 { Int64((timeIntervalSince1970 * 1_000_000).rounded()) }

  package init(microseconds: Int64) {
    self.init(timeIntervalSince1970: Double(microseconds) / 1_000_000)
  }
}

extension Identifier: SQLBindable {
  package var sqlValue: SQLValue { .bytes(bytes) }
}
