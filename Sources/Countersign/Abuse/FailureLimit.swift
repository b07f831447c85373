import FoundationEssentials

/// How many tries of one subject may fail within an hour, over all codes; kept as times in a column
/// of the row that is tried, so that one UPDATE charges both.
struct FailureLimit {
  static let window: TimeInterval = 3_600
  /// A row has room for 256 times; a higher limit is not a limit that means anything.
  private let count: Int

  init(_ count: Int) {
    self.count = min(count, SlidingLimits.maximumStamps)
  }

  var keptBytes: Int { count * 8 }

  func stamp(_ time: Date) -> [UInt8] { SlidingLimits.stamp(time) }

  /// True when so many of the failures lie within the window.
  func isReached(_ failures: [UInt8], at now: Date) -> Bool { wait(failures, at: now) != nil }

  /// Seconds until a try is allowed again; nil when one is allowed now.
  func wait(_ failures: [UInt8], at now: Date) -> Int? {
    guard failures.count >= keptBytes else { return nil }
    let oldest = Date(
      microseconds: failures[keptBytes - 8..<keptBytes].reduce(Int64(0)) { $0 << 8 | Int64($1) })
    let seconds = oldest.addingTimeInterval(Self.window).timeIntervalSince(now)
    return seconds > 0 ? Int(seconds.rounded(.up)) : nil
  }
}
