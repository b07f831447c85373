/// Sealing again, under the current key, what is kept for long.
///
/// Row by row and guarded by the bytes that were read, so that it may stop anywhere, begin again,
/// and run beside everything else: what was changed meanwhile was sealed by the current key anyway.
/// What lives for days at most (codes, challenges, texts that wait) ages out by itself and is left.
package struct Resealing {
  private let connection: Connection
  private let keys: KeyRing

  package init(_ connection: Connection, _ keys: KeyRing) {
    self.connection = connection
    self.keys = keys
  }

  /// One column of sealed values.
  private struct Column {
    let purpose: KeyRing.Purpose
    let context: (_ row: [UInt8]) -> [UInt8]
    /// Rows after one, in the order of their ids.
    let page: (_ after: [UInt8]) throws(DatabaseError) -> [Row]
    let replace: (_ row: [UInt8], _ old: [UInt8], _ new: [UInt8]) throws(DatabaseError) -> Int
  }

  /// Passes over everything until a pass finds nothing left.
  ///
  /// - Parameter told: how many values were sealed again so far, now and then.
  /// - Returns: how many values were sealed again, and how many do not open.
  package func run(_ told: (Int) -> Void = { _ in }) throws -> (resealed: Int, unreadable: Int) {
    var total = 0
    while true {
      var resealed = 0
      var unreadable = 0
      for column in columns {
        var last: [UInt8] = []
        while case let rows = try column.page(last), !rows.isEmpty {
          for row in rows {
            last = try row.bytes("id")
            let old = try row.bytes("sealed")
            guard !keys.isCurrent(old) else { continue }
            let context = column.context(last)
            guard let plain = try? keys.open(old, column.purpose, context: context) else {
              unreadable += 1
              continue
            }
            let new = try keys.seal(plain, column.purpose, context: context)
            resealed += try column.replace(last, old, new)
          }
          told(total + resealed)
        }
      }
      total += resealed
      if resealed == 0 { return (total, unreadable) }
    }
  }

  private var columns: [Column] {
    [
      Column(
        purpose: .password, context: { Account.passwordContext(row: $0) },
        page: { (after) throws(DatabaseError) in
          try connection.all(
            """
            SELECT id, password_sealed AS sealed
              FROM account
             WHERE id > \(after)
               AND password_sealed IS NOT NULL
             ORDER BY id
             LIMIT 500
            """)
        },
        replace: { (row, old, new) throws(DatabaseError) in
          try connection.execute(
            "UPDATE account SET password_sealed = \(new) WHERE id = \(row) AND password_sealed = \(old)"
          )
        }),
      Column(
        purpose: .phone, context: { Account.phoneContext(row: $0) },
        page: { (after) throws(DatabaseError) in
          try connection.all(
            """
            SELECT id, phone_sealed AS sealed
              FROM account
             WHERE id > \(after)
               AND phone_sealed IS NOT NULL
             ORDER BY id
             LIMIT 500
            """)
        },
        replace: { (row, old, new) throws(DatabaseError) in
          try connection.execute(
            "UPDATE account SET phone_sealed = \(new) WHERE id = \(row) AND phone_sealed = \(old)")
        }),
      Column(
        purpose: .totp, context: { FactorChecks.context(row: $0) },
        page: { (after) throws(DatabaseError) in
          try connection.all(
            """
            SELECT account_id AS id, secret_sealed AS sealed
              FROM factor
             WHERE account_id > \(after)
               AND kind = 'app'
               AND secret_sealed IS NOT NULL
             ORDER BY account_id
             LIMIT 500
            """)
        },
        replace: { (row, old, new) throws(DatabaseError) in
          try connection.execute(
            """
            UPDATE factor
               SET secret_sealed = \(new)
             WHERE account_id = \(row)
               AND kind = 'app'
               AND secret_sealed = \(old)
            """)
        }),
      Column(
        purpose: .phone, context: { MessageVault.context("destination", $0) },
        page: { (after) throws(DatabaseError) in
          try connection.all(
            """
            SELECT id, destination_sealed AS sealed
              FROM message
             WHERE id > \(after)
             ORDER BY id
             LIMIT 500
            """)
        },
        replace: { (row, old, new) throws(DatabaseError) in
          try connection.execute(
            "UPDATE message SET destination_sealed = \(new) WHERE id = \(row) AND destination_sealed = \(old)"
          )
        }),
      Column(
        purpose: .payload, context: { Notifications.context(row: $0) },
        page: { (after) throws(DatabaseError) in
          try connection.all(
            """
            SELECT id, data_sealed AS sealed
              FROM notification
             WHERE id > \(after)
             ORDER BY id
             LIMIT 500
            """)
        },
        replace: { (row, old, new) throws(DatabaseError) in
          try connection.execute(
            "UPDATE notification SET data_sealed = \(new) WHERE id = \(row) AND data_sealed = \(old)"
          )
        }),
      Column(
        purpose: .phone, context: { DestinationRule.context($0) },
        page: { (after) throws(DatabaseError) in
          try connection.all(
            """
            SELECT value AS id, value_sealed AS sealed
              FROM destination_rule
             WHERE kind = 'number'
               AND value > \(after)
               AND value_sealed IS NOT NULL
             ORDER BY value
             LIMIT 500
            """)
        },
        replace: { (row, old, new) throws(DatabaseError) in
          try connection.execute(
            "UPDATE destination_rule SET value_sealed = \(new) WHERE kind = 'number' AND value = \(row) AND value_sealed = \(old)"
          )
        }),
    ]
  }
}
