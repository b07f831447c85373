import FoundationEssentials
import TestSupport
import Testing

@testable import Countersign

extension SlidingLimits {
  /// Seconds to wait; nil when the charge was allowed.
  fileprivate func wait(_ charges: [Charge], at now: Date) throws -> Int? {
    switch try charge(charges, at: now) {
    case .allowed: nil
    case .refused(_, let seconds): seconds
    }
  }
}

@Suite struct `Limiting` {
  private let location: DatabaseLocation
  private let keys: KeyRing
  private let start = Date(timeIntervalSince1970: 1_800_000_000)
  private let hour: TimeInterval = 3_600

  init() throws {
    location = try TestDatabase.makeWithSchema()
    keys = try KeyRing([(id: 1, bytes: Random.bytes(32))])
  }

  private func limits() -> SlidingLimits { SlidingLimits(Connection(location), keys) }

  @Test("the window slides: each event counts for as long as the window is, and not longer")
  func slides() throws {
    let limits = limits()
    let key = LimitKey.sendsFrom(address: "192.0.2.1")
    func charge(_ minutes: Double) throws -> Int? {
      try limits.wait([(key, [SlidingLimit(3, per: hour)])], at: start + minutes * 60)
    }

    #expect(try charge(0) == nil)
    #expect(try charge(20) == nil)
    #expect(try charge(40) == nil)
    #expect(try charge(50) == 600)
    #expect(try charge(59.99) == 1)
    #expect(try charge(60) == nil)
    #expect(try charge(61) == 19 * 60)
  }

  @Test(
    "of many events at once exactly as many pass as the limit says",
    arguments: [1, 5, 100, 256, 257, 1_000])
  func exact(limit: Int) throws {
    let now = start
    let (location, keys, hour) = (location, keys, hour)
    let workers = 16
    let each = limit * 2 / workers + 2
    let passed = atOnce(workers) { _ in
      let limits = SlidingLimits(Connection(location), keys)
      let key = LimitKey.loginFailures(emailKey: "limit-\(limit)")
      return (0..<each).count { _ in
        (try? limits.wait([(key, [SlidingLimit(limit, per: hour)])], at: now)) == .some(nil)
      }
    }
    #expect(passed.reduce(0, +) == limit)
  }

  @Test("two limits are charged together or not at all")
  func together() throws {
    let limits = limits()
    let number = try #require(PhoneNumber("+14155552671", region: "US"))
    let charges: [SlidingLimits.Charge] = [
      (.sendsTo(number), [SlidingLimit(5, per: hour), SlidingLimit(10, per: 24 * hour)]),
      (.anonymousSendsTo(number), [SlidingLimit(3, per: hour)]),
    ]
    for _ in 0..<3 { #expect(try limits.wait(charges, at: start) == nil) }
    for _ in 0..<5 { #expect(try limits.wait(charges, at: start) == 3_600) }
    #expect(try limits.wait([charges[0]], at: start) == nil)
    #expect(try limits.wait([charges[0]], at: start) == nil)
    #expect(try limits.wait([charges[0]], at: start) == 3_600)
  }

  @Test(
    "events that are refused at once, under a key that has none yet, are refused and do not fail")
  func refusedAtOnce() throws {
    let now = start
    let (location, keys, hour) = (location, keys, hour)
    let usedUp: SlidingLimits.Charge = (
      .loginFailures(emailKey: "used-up"), [SlidingLimit(1, per: hour)]
    )
    #expect(try limits().wait([usedUp], at: now) == nil)
    let failed = atOnce(24) { _ in
      let limits = SlidingLimits(Connection(location), keys)
      return (0..<20).count { round in
        let fresh: SlidingLimits.Charge = (
          .loginFailures(emailKey: "fresh-\(round)"), [SlidingLimit(1, per: hour)]
        )
        return (try? limits.wait([usedUp, fresh], at: now)) != .some(3_600)
      }
    }
    #expect(failed.reduce(0, +) == 0)
    #expect(
      try limits().wait([(.loginFailures(emailKey: "fresh-0"), usedUp.limits)], at: now) == nil)
  }

  @Test("a day's limit holds when an hour's does not")
  func day() throws {
    let limits = limits()
    let number = try #require(PhoneNumber("+14155552672", region: "US"))
    let both = [SlidingLimit(5, per: hour), SlidingLimit(10, per: 24 * hour)]
    var passed = 0
    for step in 0..<24 {
      for _ in 0..<2
      where try limits.wait([(.sendsTo(number), both)], at: start + Double(step) * hour / 2)
        == nil
      {
        passed += 1
      }
    }
    #expect(passed == 10)
  }

  @Test("a limit beside a far larger one counts as if it were alone")
  func farApart() throws {
    let limits = limits()
    let number = try #require(PhoneNumber("+14155552673", region: "US"))
    for both in [
      [SlidingLimit(5, per: hour), SlidingLimit(1_000_000, per: 24 * hour)],
      [SlidingLimit(1_000_000, per: hour), SlidingLimit(10, per: 24 * hour)],
    ] {
      let passed = try (0..<30).count { _ in
        try limits.wait([(.sendsTo(number), both)], at: start) == nil
      }
      #expect(passed == (both[0].count == 5 ? 5 : 10))
    }
  }

  @Test("a charge that is taken back makes room for one more", arguments: [3, 1_000])
  func refund(limit: Int) throws {
    let limits = limits()
    let key = LimitKey.loginFailures(emailKey: "refund-\(limit)")
    let window = SlidingLimit(limit, per: hour)
    for _ in 0..<limit * 2 {
      #expect(try limits.wait([(key, [window])], at: start) == nil)
      try limits.refund([(key, [window])])
    }
  }

  @Test("where a stamp stands for several events, never more than the limit lie within any window")
  func spreadOut() throws {
    let limits = limits()
    let key = LimitKey.loginFailures(emailKey: "spread-out")
    let limit = SlidingLimit(1_000, per: hour)
    var (passed, exact): ([Date], [Date]) = ([], [])
    var time = start
    for step in 0..<6_000 {
      // Rare, frequent, and rare again.
      time += step % 1_000 < 500 ? 0.2 : 5
      if try limits.wait([(key, [limit])], at: time) == nil { passed.append(time) }
      if exact.count < 1_000 || exact[exact.count - 1_000] <= time - hour { exact.append(time) }
    }
    var first = 0
    for (index, time) in passed.enumerated() {
      while passed[first] <= time - hour { first += 1 }
      #expect(index - first + 1 <= limit.count)
    }
    #expect(passed.count > exact.count * 99 / 100)
  }

  @Test("an event of a clock that is behind hides none of the others")
  func clockBehind() throws {
    let limits = limits()
    let key = LimitKey.loginFailures(emailKey: "behind")
    let limit = SlidingLimit(5, per: hour)
    for _ in 0..<4 { #expect(try limits.wait([(key, [limit])], at: start) == nil) }
    #expect(try limits.wait([(key, [limit])], at: start - 2 * hour) == nil)
    #expect(try limits.wait([(key, [limit])], at: start + 1) == 3_599)
  }

  @Test("taking back what was never charged leaves nothing owed")
  func refundOfNothing() throws {
    let limits = limits()
    for limit in [SlidingLimit(3, per: hour), SlidingLimit(1_000, per: hour)] {
      let key = LimitKey.loginFailures(emailKey: "nothing-\(limit.count)")
      try limits.refund([(key, [limit])])
      #expect(try limits.wait([(key, [limit])], at: start) == nil)
      try limits.refund([(key, [limit])])
      try limits.refund([(key, [limit])])
      #expect(try limits.count(key, limit, at: start) == 0)
    }
  }

  @Test("the longer somebody goes on, the longer the wait")
  func growing() throws {
    let limits = limits()
    let key = LimitKey.loginFailures(emailKey: "growing")
    let windows = [
      SlidingLimit(10, per: 900), SlidingLimit(20, per: hour), SlidingLimit(40, per: 6 * hour),
    ]
    var (time, waits) = (start, [Int]())
    for _ in 0..<60 {
      guard let seconds = try limits.wait([(key, windows)], at: time) else { continue }
      waits.append(seconds)
      time += Double(seconds)
    }
    #expect(waits.first == 900)
    #expect(try #require(waits.max()) > 4 * 3_600)
  }

  @Test(
    "an IPv6 subscriber is one address, an IPv4 address is itself",
    arguments: [
      ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"),
      ("2001:db8:1:2:3:4:5:6", "20010db800010002/64"),
      ("2001:db8:1:2::9", "20010db800010002/64"), ("2001:db8:1:3::9", "20010db800010003/64"),
      ("nonsense", "nonsense"),
    ])
  func addresses(address: String, unit: String) {
    #expect(NetworkAddress.limitUnit(address) == unit)
  }
}
