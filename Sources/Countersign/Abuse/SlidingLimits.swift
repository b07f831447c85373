package import FoundationEssentials

/// How many events under one key are allowed within a time before now.
package struct SlidingLimit: Sendable {
  package let count: Int
  package let window: TimeInterval

  package init(_ count: Int, per window: TimeInterval) {
    self.count = count
    self.window = window
  }
}

/// What is limited: a name of the limit, and whose it is.
///
/// Only a keyed hash of it is stored, so that the table names no person.
package enum LimitKey: Sendable {
  /// Codes to one number, from everywhere.
  case sendsTo(PhoneNumber)
  /// Codes to one number asked for by callers who have proven no password.
  case anonymousSendsTo(PhoneNumber)
  /// Codes asked for from one address.
  case sendsFrom(address: String)
  /// Failed logins of one account, known or not.
  case loginFailures(emailKey: String)
  case loginFailuresFrom(address: String)

  var fields: [String] {
    switch self {
    case .sendsTo(let number): ["sends-to", number.e164]
    case .anonymousSendsTo(let number): ["anonymous-sends-to", number.e164]
    case .sendsFrom(let address): ["sends-from", NetworkAddress.limitUnit(address)]
    case .loginFailures(let emailKey): ["login-failures", emailKey]
    case .loginFailuresFrom(let address):
      ["login-failures-from", NetworkAddress.limitUnit(address)]
    }
  }
}

/// Counts events in sliding windows, exactly, under any concurrency and over all processes and
/// hosts.
///
/// A row holds the times of the newest events under its key. An event is allowed when the n-th
/// newest is older than the window, and the UPDATE that checks this also records the event, so no
/// two callers can both take the last place. The row is inserted beforehand by a statement of its
/// own: `FOR UPDATE` on a missing row locks a gap, and concurrent first events would deadlock on
/// it.
///
/// A row remembers 256 stamps. For a limit above that a stamp stands for several events, and the
/// window moves in such steps; it never lets more through than the limit.
package struct SlidingLimits {
  private let connection: Connection
  private let keys: KeyRing

  static let maximumStamps = 256

  package init(_ connection: Connection, _ keys: KeyRing) {
    self.connection = connection
    self.keys = keys
  }

  /// Charges one event under each key, or none at all.
  ///
  /// - Returns: nil when all were allowed, else the seconds until the event may be tried again.
  package func charge(_ charges: [(key: LimitKey, limits: [SlidingLimit])], at now: Date) throws
    -> Int?
  {
    struct Refused: Error { let seconds: Int }
    var rows: [(id: [UInt8], limits: [SlidingLimit])] = []
    for charge in charges { rows += try self.rows(charge.key, charge.limits) }
    do {
      if rows.count == 1 {
        return try chargeOne(rows[0].id, rows[0].limits, now)
          ? nil : wait(rows[0].id, rows[0].limits, now)
      }
      for row in rows { try insert(row.id, row.limits, now) }
      try connection.transaction {
        for row in rows {
          guard try update(row.id, row.limits, now) else {
            throw Refused(seconds: try wait(row.id, row.limits, now))
          }
        }
      }
      return nil
    } catch let refused as Refused {
      return refused.seconds
    }
  }

  /// Takes one charge back, after what was charged turned out to be right.
  package func refund(_ key: LimitKey, _ limit: SlidingLimit) throws {
    // Assignments run from left to right: `stamps` is decided by the `pending` there was.
    try connection.execute(
      """
      UPDATE limit_window
         SET stamps = IF(pending > 0, stamps, SUBSTR(stamps, 9)),
             pending = IF(pending > 0, pending - 1, \(Plan(limit, [limit]).eventsPerStamp - 1))
       WHERE id = \(try id(key))
      """)
  }

  /// Removes rows that say nothing any more.
  package func purge(at now: Date) throws(DatabaseError) -> Int {
    try connection.execute("DELETE FROM limit_window WHERE expires_at < \(now) LIMIT 10000")
  }

  private func id(_ key: LimitKey, _ part: String? = nil) throws -> [UInt8] {
    try keys.indexMAC(.limit, (key.fields + (part.map { [$0] } ?? [])).map { Array($0.utf8) })
  }

  /// The rows of a key: one, whose stamps serve all its limits, unless one of them is so large that a
  /// stamp stands for several events; another could not count in those.
  private func rows(
    _ key: LimitKey, _ limits: [SlidingLimit]
  ) throws -> [(id: [UInt8], limits: [SlidingLimit])] {
    guard limits.count > 1, limits.contains(where: { $0.count > Self.maximumStamps }) else {
      return [(try id(key), limits)]
    }
    return try limits.map { (try id(key, "per \(Int($0.window))"), [$0]) }
  }

  private func chargeOne(_ id: [UInt8], _ limits: [SlidingLimit], _ now: Date) throws(DatabaseError)
    -> Bool
  {
    if try update(id, limits, now) { return true }
    // Nothing changed: the limit is reached, or the row is not there yet.
    guard try insert(id, limits, now) else { return false }
    return try update(id, limits, now)
  }

  @discardableResult
  private func insert(_ id: [UInt8], _ limits: [SlidingLimit], _ now: Date) throws(DatabaseError)
    -> Bool
  {
    let expiry = now.addingTimeInterval(limits.map(\.window).max() ?? 0)
    return try connection.execute(
      "INSERT IGNORE INTO limit_window (id, expires_at) VALUES (\(id), \(expiry))") == 1
  }

  /// Records the event if both windows allow it. One window is given twice when there is only one.
  private func update(_ id: [UInt8], _ limits: [SlidingLimit], _ now: Date) throws(DatabaseError)
    -> Bool
  {
    let (first, last) = (Plan(limits[0], limits), Plan(limits[limits.count - 1], limits))
    let expiry = now.addingTimeInterval(limits.map(\.window).max() ?? 0)
    return try connection.execute(
      """
      UPDATE limit_window
         SET stamps = IF(pending + 1 >= \(first.eventsPerStamp), LEFT(CONCAT(\(Self.stamp(now)), stamps), \(first.keptBytes)), stamps),
             pending = IF(pending + 1 >= \(first.eventsPerStamp), 0, pending + 1),
             expires_at = \(expiry)
       WHERE id = \(id)
         AND (LENGTH(stamps) < \(first.guardOffset + 7) OR SUBSTR(stamps, \(first.guardOffset), 8) <= \(Self.stamp(now - first.window)))
         AND (LENGTH(stamps) < \(last.guardOffset + 7) OR SUBSTR(stamps, \(last.guardOffset), 8) <= \(Self.stamp(now - last.window)))
      """) == 1
  }

  /// How a limit is looked up in a row's stamps.
  private struct Plan {
    let eventsPerStamp: Int
    /// Where the stamp begins that must be older than the window, counted from 1 as SQL does.
    let guardOffset: Int
    let keptBytes: Int
    let window: TimeInterval

    init(_ limit: SlidingLimit, _ all: [SlidingLimit]) {
      let largest = all.map(\.count).max() ?? 1
      eventsPerStamp = (largest + maximumStamps - 1) / maximumStamps
      guardOffset = (max(1, limit.count / eventsPerStamp) - 1) * 8 + 1
      keptBytes = max(1, largest / eventsPerStamp) * 8
      window = limit.window
    }
  }

  /// Seconds until the oldest event that stands in the way leaves its window.
  private func wait(_ id: [UInt8], _ limits: [SlidingLimit], _ now: Date) throws(DatabaseError)
    -> Int
  {
    guard let row = try connection.first("SELECT stamps FROM limit_window WHERE id = \(id)") else {
      return 1
    }
    let stamps = try row.bytes("stamps")
    var seconds = 1
    for limit in limits {
      let offset = Plan(limit, limits).guardOffset - 1
      guard stamps.count >= offset + 8 else { continue }
      let stamp = stamps[offset..<offset + 8].reduce(Int64(0)) { $0 << 8 | Int64($1) }
      let free = Date(microseconds: stamp).addingTimeInterval(limit.window)
      seconds = max(seconds, Int(free.timeIntervalSince(now).rounded(.up)))
    }
    return seconds
  }

  static func stamp(_ time: Date) -> [UInt8] {
    unsafe withUnsafeBytes(of: time.microseconds.bigEndian) { unsafe Array($0) }
  }
}
