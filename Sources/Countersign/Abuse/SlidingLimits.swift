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
  /// Failed logins from a device that its owner had remembered.
  case loginFailuresOn(device: RememberedDevice.ID)
  /// Wrong passwords of somebody who is signed in.
  case passwordFailures(Account.ID)
  /// Accounts whose second factor was tried with a wrong code.
  case failingAccounts

  var fields: [String] {
    switch self {
    case .sendsTo(let number): ["sends-to", number.e164]
    case .anonymousSendsTo(let number): ["anonymous-sends-to", number.e164]
    case .sendsFrom(let address): ["sends-from", NetworkAddress.limitUnit(address)]
    case .loginFailures(let emailKey): ["login-failures", emailKey]
    case .loginFailuresFrom(let address):
      ["login-failures-from", NetworkAddress.limitUnit(address)]
    case .loginFailuresOn(let device): ["login-failures-on", device.description]
    case .passwordFailures(let account): ["password-failures", account.description]
    case .failingAccounts: ["failing-accounts"]
    }
  }
}

/// Counts events in sliding windows, exactly, under any concurrency and over all processes and
/// hosts.
///
/// A row holds the times of the newest events under its key. An event is allowed when the n-th
/// newest is older than the window, and the one statement that checks this also records the event,
/// or makes the row, so no two callers can both take the last place. Whether it changed anything is
/// the answer.
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
  package func charge(
    _ charges: [(key: LimitKey, limits: [SlidingLimit])], at now: Date
  ) throws -> Int? {
    struct Refused: Error { let seconds: Int }
    do {
      try connection.transaction {
        if let seconds = try chargeInTransaction(charges, at: now) {
          throw Refused(seconds: seconds)
        }
      }
      return nil
    } catch let refused as Refused {
      return refused.seconds
    }
  }

  /// The same inside a transaction, which must be given up when a charge is refused.
  func chargeInTransaction(
    _ charges: [(key: LimitKey, limits: [SlidingLimit])], at now: Date
  ) throws -> Int? {
    for charge in charges {
      for row in try rows(charge.key, charge.limits) {
        guard try record(row.id, row.limits, now) else { return try wait(row.id, row.limits, now) }
      }
    }
    return nil
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

  /// How many events under a key lie within the limit's window, to the step that a stamp stands for.
  package func count(_ key: LimitKey, _ limit: SlidingLimit, at now: Date) throws -> Int {
    let row = try connection.first("SELECT stamps FROM limit_window WHERE id = \(try id(key))")
    guard let stamps = try row?.bytes("stamps") else { return 0 }
    let start = Self.stamp(now - limit.window)
    let recent = stride(from: 0, to: stamps.count, by: 8).prefix {
      start.lexicographicallyPrecedes(stamps[$0..<min($0 + 8, stamps.count)])
    }
    return recent.count * Plan(limit, [limit]).eventsPerStamp
  }

  /// Removes rows that say nothing any more.
  package func purge(at now: Date) throws(DatabaseError) -> Int {
    try connection.execute("DELETE FROM limit_window WHERE expires_at < \(now) LIMIT 10000")
  }

  private func id(_ key: LimitKey, _ part: String? = nil) throws -> [UInt8] {
    try keys.indexMAC(.limit, (key.fields + (part.map { [$0] } ?? [])).map { Array($0.utf8) })
  }

  /// The rows of a key: one, whose stamps serve all its limits, unless one of them is so large that
  /// a stamp stands for several events; another could not count in those.
  private func rows(
    _ key: LimitKey, _ limits: [SlidingLimit]
  ) throws -> [(id: [UInt8], limits: [SlidingLimit])] {
    guard limits.count > 1, limits.contains(where: { $0.count > Self.maximumStamps }) else {
      return [(try id(key), limits)]
    }
    return try limits.map { (try id(key, "per \(Int($0.window))"), [$0]) }
  }

  /// Records the event if both windows allow it; false when they do not. One window is given twice
  /// when there is only one.
  ///
  /// Assignments run from left to right, and the last of them changes what the others decide by. A
  /// stamp is added exactly when the event is allowed and `pending` has just come round to nought.
  private func record(
    _ id: [UInt8], _ limits: [SlidingLimit], _ now: Date
  ) throws(DatabaseError) -> Bool {
    let (first, last) = (Plan(limits[0], limits), Plan(limits[limits.count - 1], limits))
    let expiry = now.addingTimeInterval(limits.map(\.window).max() ?? 0)
    let stamp = Self.stamp(now)
    let (firstStart, lastStart) = (Self.stamp(now - first.window), Self.stamp(now - last.window))
    let pending = first.eventsPerStamp > 1 ? 1 : 0
    let changed = try connection.execute(
      """
      INSERT INTO limit_window (id, stamps, pending, expires_at)
      VALUES (\(id), \(pending == 0 ? stamp : []), \(pending), \(expiry))
          ON DUPLICATE KEY UPDATE
             expires_at = IF(
               SUBSTR(stamps, \(first.guardOffset), 8) <= \(firstStart) AND SUBSTR(stamps, \(last.guardOffset), 8) <= \(lastStart),
               GREATEST(\(expiry), expires_at + INTERVAL 1 MICROSECOND), expires_at),
             pending = IF(
               SUBSTR(stamps, \(first.guardOffset), 8) <= \(firstStart) AND SUBSTR(stamps, \(last.guardOffset), 8) <= \(lastStart),
               IF(pending + 1 >= \(first.eventsPerStamp), 0, pending + 1), pending),
             stamps = IF(
               SUBSTR(stamps, \(first.guardOffset), 8) <= \(firstStart) AND SUBSTR(stamps, \(last.guardOffset), 8) <= \(lastStart)
               AND pending = 0,
               LEFT(CONCAT(\(stamp), stamps), \(first.keptBytes)), stamps)
      """)
    return changed > 0
  }

  /// How a limit is looked up in a row's stamps. Beyond the stamps there are, SUBSTR is empty,
  /// which comes before every time.
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
