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

/// Counts events in sliding windows, exactly, under any concurrency and over all processes and
/// hosts.
///
/// A row holds the times of the newest events under its key. A charge adds its own time and is told
/// what there is then; where that is more than a window allows, the transaction is undone. The row is
/// locked from the one to the other, so no two callers can both take the last place, and a refused
/// event leaves nothing behind, or at most an empty row. All rows of a charge are one statement.
///
/// A row remembers 256 stamps. For a limit above that a stamp stands for several events and has the
/// time of the last of them: never more pass than the limit says, and where events are rare fewer by a
/// stamp's worth at most.
package struct SlidingLimits {
  private let connection: Connection
  private let keys: KeyRing

  package typealias Charge = (key: LimitKey, limits: [SlidingLimit])

  static let maximumStamps = 256
  /// Ends of rows are rounded up to this, so that a charge seldom moves a row in the index of ends.
  private static let expiryStep: Int64 = 600_000_000

  package init(_ connection: Connection, _ keys: KeyRing) {
    self.connection = connection
    self.keys = keys
  }

  /// What became of a charge.
  package enum Outcome: Sendable {
    /// How many events lie within the first window of each key, this one among them.
    case allowed([Int])
    /// By which key, and seconds until the event may be tried again.
    case refused(LimitKey, seconds: Int)
  }

  /// Charges one event under each key, or none at all.
  package func charge(_ charges: [Charge], at now: Date) throws -> Outcome {
    do {
      return .allowed(
        try connection.transaction(
          beforeAgain: { try open(charges, at: now) },
          { try chargeInTransaction(charges, at: now) }))
    } catch let refused as Refused {
      return .refused(refused.key, seconds: refused.seconds)
    }
  }

  /// Thrown inside a transaction, which it undoes.
  struct Refused: Error {
    let key: LimitKey
    let seconds: Int
  }

  /// The same inside a transaction.
  ///
  /// - Throws: `Refused`, which must undo the transaction.
  func chargeInTransaction(_ charges: [Charge], at now: Date) throws -> [Int] {
    var counts = Array(repeating: 0, count: charges.count)
    let rows = try rows(of: charges)
    var start = rows.startIndex
    while start < rows.endIndex {
      let end = rows[start...].firstIndex { $0.unit != rows[start].unit } ?? rows.endIndex
      let counted = try record(rows[start..<end], at: now)
      var refused: Refused?
      for (row, state) in zip(rows[start..<end], counted) {
        let (charge, wait) = (
          charges[row.charge], row.limits.compactMap { state.wait($0, row.unit, at: now) }.max()
        )
        if let wait, wait > refused?.seconds ?? 0 {
          refused = Refused(key: charge.key, seconds: wait)
        }
        if row.isFirst { counts[row.charge] = state.count(row.limits[0], row.unit, at: now) }
      }
      if let refused { throw refused }
      start = end
    }
    return counts
  }

  /// Makes the rows of charges that are not there yet, to be called before a transaction runs again.
  ///
  /// While a row is inserted others wait for it; when that is undone, as where a limit refuses, each of
  /// them is left with a lock on the gap, and none of them may insert into the other's. Such a
  /// deadlock comes back for as long as the row is undone each time, and never once it is there.
  func open(_ charges: [Charge], at now: Date) throws {
    let rows = try rows(of: charges)
    guard !rows.isEmpty else { return }
    try connection.execute(
      "INSERT IGNORE INTO limit_window (id, expires_at) VALUES \(rows: rows.map { [.bytes($0.id), .time(Self.end($0, now))] })"
    )
  }

  /// Takes charges back, after what was charged turned out to be right.
  package func refund(_ charges: [Charge]) throws {
    let rows = try rows(of: charges)
    for unit in Set(rows.map(\.unit)).sorted() {
      // Assignments run from left to right: `stamps` is decided by the `pending` there was.
      try connection.execute(
        """
        UPDATE limit_window
           SET stamps = IF(pending > 0, stamps, SUBSTR(stamps, 9)),
               pending = IF(pending > 0, pending, \(unit)) - 1
         WHERE id IN (\(list: rows.filter { $0.unit == unit }.map(\.id)))
           AND (pending > 0 OR stamps <> '')
        """)
    }
  }

  /// How many events under a key lie within the limit's window.
  package func count(_ key: LimitKey, _ limit: SlidingLimit, at now: Date) throws -> Int {
    guard let row = try rows(key, [limit], 0).first,
      let found = try connection.first(
        "SELECT stamps, pending FROM limit_window WHERE id = \(row.id)")
    else { return 0 }
    return try State(found).count(limit, row.unit, at: now)
  }

  /// Removes rows that say nothing any more.
  package func purge(at now: Date) throws(DatabaseError) -> Int {
    try connection.execute("DELETE FROM limit_window WHERE expires_at < \(now) LIMIT 10000")
  }

  // MARK: Rows

  /// A row to be charged.
  private struct CountedRow {
    let id: [UInt8]
    let limits: [SlidingLimit]
    /// How many events one of its stamps stands for.
    let unit: Int
    /// Which charge it belongs to.
    let charge: Int
    /// It has the first of the charge's limits.
    let isFirst: Bool
  }

  /// The rows of charges, always in the same order, or two charges could wait for each other.
  private func rows(of charges: [Charge]) throws -> [CountedRow] {
    var rows: [CountedRow] = []
    for (index, charge) in charges.enumerated() {
      rows += try self.rows(charge.key, charge.limits, index)
    }
    return rows.sorted {
      $0.unit == $1.unit ? $0.id.lexicographicallyPrecedes($1.id) : $0.unit < $1.unit
    }
  }

  /// The rows of a key: one, whose stamps serve all its limits, unless one of them is so large that
  /// a stamp stands for several events; another could not count in those.
  private func rows(_ key: LimitKey, _ limits: [SlidingLimit], _ charge: Int) throws -> [CountedRow]
  {
    func unit(_ limit: SlidingLimit) -> Int {
      (limit.count + Self.maximumStamps - 1) / Self.maximumStamps
    }
    func id(_ part: String?) throws -> [UInt8] {
      try keys.indexMAC(.limit, (key.fields + (part.map { [$0] } ?? [])).map { Array($0.utf8) })
    }
    guard limits.count > 1, limits.contains(where: { unit($0) > 1 }) else {
      return [
        CountedRow(
          id: try id(nil), limits: limits, unit: unit(limits[0]), charge: charge,
          isFirst: true)
      ]
    }
    return try limits.enumerated().map { index, limit in
      CountedRow(
        id: try id("per \(Int(limit.window))"), limits: [limit], unit: unit(limit), charge: charge,
        isFirst: index == 0)
    }
  }

  /// When a row that is charged now says nothing any more.
  private static func end(_ row: CountedRow, _ now: Date) -> Int64 {
    let end = (now + (row.limits.map(\.window).max() ?? 0)).microseconds
    return (end / expiryStep + 1) * expiryStep
  }

  /// Adds an event to rows of one unit, and returns what there is then, in their order.
  private func record(_ rows: ArraySlice<CountedRow>, at now: Date) throws -> [State] {
    guard let unit = rows.first?.unit else { return [] }
    let stamp = Self.stamp(now)
    let values = rows.map { row -> [SQLValue] in
      [
        .bytes(row.id), .bytes(unit == 1 ? stamp : []), .integer(unit == 1 ? 0 : 1),
        .time(Self.end(row, now)),
      ]
    }
    let kept = 8 * (1 + (rows.flatMap(\.limits).map { $0.count / unit }.max() ?? 0))
    // Assignments run from left to right: `stamps` is decided by the `pending` there was. Newest
    // first also where a clock went back. The rows come back in the order they are given in.
    let found = try connection.all(
      """
      INSERT INTO limit_window (id, stamps, pending, expires_at) VALUES \(rows: values)
          ON DUPLICATE KEY UPDATE
             stamps = IF(pending + 1 >= \(unit), LEFT(CONCAT(GREATEST(\(stamp), LEFT(stamps, 8)), stamps), \(kept)), stamps),
             pending = IF(pending + 1 >= \(unit), 0, pending + 1),
             expires_at = GREATEST(expires_at, VALUES(expires_at))
      RETURNING stamps, pending
      """)
    return try found.map(State.init)
  }

  /// A row as it is after a charge.
  private struct State {
    let stamps: [UInt8]
    let pending: Int

    init(_ row: Row) throws(DatabaseError) {
      stamps = try row.bytes("stamps")
      pending = try row.int("pending")
    }

    private func stamp(_ index: Int) -> Date {
      Date(microseconds: stamps[index * 8..<index * 8 + 8].reduce(Int64(0)) { $0 << 8 | Int64($1) })
    }

    func count(_ limit: SlidingLimit, _ unit: Int, at now: Date) -> Int {
      let recent = (0..<stamps.count / 8).prefix { stamp($0) > now - limit.window }
      return recent.count * unit + pending
    }

    /// Seconds until the event that was charged would be allowed; nil when it is.
    func wait(_ limit: SlidingLimit, _ unit: Int, at now: Date) -> Int? {
      guard count(limit, unit, at: now) > limit.count else { return nil }
      // This one has to be gone. There is none where a limit is smaller than what is pending.
      let index = max(0, limit.count - pending) / unit
      guard index < stamps.count / 8 else { return Int(limit.window) }
      // Never longer than the window, also for one that came before what it is counted after.
      let wait = Int((stamp(index) + limit.window).timeIntervalSince(now).rounded(.up))
      return min(Int(limit.window), max(1, wait))
    }
  }

  static func stamp(_ time: Date) -> [UInt8] {
    unsafe withUnsafeBytes(of: time.microseconds.bigEndian) { unsafe Array($0) }
  }
}
