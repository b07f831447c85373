import FoundationEssentials

/// Keeps a sender of text messages to the rate that its carriers allow: what goes out faster waits at the
/// provider for hours, behind which a code would wait too.
///
/// Each courier counts for itself, so that of several each gets its share of the rate.
struct Pacer {
  private let rates: [String: Double]
  /// When a sender's last message would have left at an even pace.
  private var paces: [String: Date] = [:]
  /// The last time that was given to one that waits.
  private var promised: [String: Date] = [:]

  /// A second's worth may leave at once.
  private static let burst: TimeInterval = 1

  /// - Parameter rates: messages a second, by sender as consent knows it.
  init(_ rates: [String: Double]) {
    self.rates = rates
  }

  /// When a sender may send the next; nil for now, which takes the place.
  ///
  /// Who waits gets a time of its own after all others who wait, so that a long queue is looked through once; a code
  /// gets the next there is.
  mutating func wait(_ sender: String?, isUrgent: Bool, at now: Date) -> Date? {
    guard let sender, let rate = rates[sender] else { return nil }
    let pace = max(now, paces[sender] ?? now)
    let interval = 1 / rate
    guard pace + interval > now + max(Self.burst, interval) else {
      paces[sender] = pace + interval
      return nil
    }
    let next = pace + interval - max(Self.burst, interval)
    if isUrgent { return next }
    let due = max(next, (promised[sender] ?? .distantPast) + interval)
    promised[sender] = due
    return due
  }
}
