package import FoundationEssentials

/// Codes that went to one scope: how many, at what cost, and how many of them were used.
///
/// A code that nobody uses is what fraud looks like: somebody earns from messages to numbers of their
/// own, and has no reason to type the codes in. Only codes to numbers that nobody had proven count
/// here; those of owners, who are known to have their phones, would hide it.
package struct Traffic: Sendable {
  /// Where codes go.
  package enum Scope: Sendable, Hashable {
    /// A number less its last four digits.
    case prefix(String)
    case country(String)
    case everything

    /// The scopes of a number, in the order in which their rows are changed: the one that most sends
    /// share last, so that it is locked for the shortest time.
    static func all(of number: PhoneNumber) -> [Scope] {
      [.prefix(number.prefix), .country(number.region), .everything]
    }

    /// As it is stored and shown.
    package var text: String {
      switch self {
      case .prefix(let digits): digits
      case .country(let region): region
      case .everything: "*"
      }
    }

    package init(text: String) {
      self =
        text == "*"
        ? .everything
        : text.utf8.first == UInt8(ascii: "+")
          ? .prefix(text)
          : .country(text)
    }
  }

  /// Codes to unproven numbers, and how many of them were used.
  struct Conversion: Sendable, Equatable {
    var sent = 0
    var used = 0

    static func + (left: Conversion, right: Conversion) -> Conversion {
      Conversion(sent: left.sent + right.sent, used: left.used + right.used)
    }

    /// Of enough codes fewer than so many in a hundred were used.
    func hasCollapsed(atLeast least: Int, percent: Int) -> Bool {
      sent >= least && used * 100 < sent * percent
    }
  }

  package let scope: Scope
  let hour: Int
  let hourSent: Int
  let previousHourSent: Int
  let day: Int
  let daySent: Int
  /// In millionths of a US dollar.
  package let dayCost: Int
  let span: Int
  let newest: Conversion
  let previous: Conversion
  let older: Conversion
  /// When the code before the last went out.
  let previousSentAt: Date?
  package let stoppedUntil: Date?

  /// The time that a code counts as newest.
  static let spanSeconds = 300
  /// Hundredths that are left with each span of the counts of the spans before: half of it is gone
  /// within six hours, so that an attack cannot hide by being slow.
  static let remainder = 99
  /// How long codes may take to be used before they tell anything.
  private static let maturity: TimeInterval = 120

  static func hour(_ time: Date) -> Int { Int(time.timeIntervalSince1970) / 3_600 }
  static func day(_ time: Date) -> Int { Int(time.timeIntervalSince1970) / 86_400 }
  static func span(_ time: Date) -> Int { Int(time.timeIntervalSince1970) / spanSeconds }

  /// Codes of the last hour. Those of the hour before count by the part of it that is left, as though
  /// they had been evenly spread.
  func sentLastHour(at now: Date) -> Int {
    let passed = now.timeIntervalSince1970 / 3_600 - Double(hour)
    if passed >= 2 { return 0 }
    if passed >= 1 { return Int((Double(hourSent) * (2 - passed)).rounded(.up)) }
    return hourSent + Int((Double(previousHourSent) * min(1, 1 - passed)).rounded(.up))
  }

  func sentToday(at now: Date) -> Int { day >= Self.day(now) ? daySent : 0 }

  package func costToday(at now: Date) -> Int { day >= Self.day(now) ? dayCost : 0 }

  /// All codes that still count.
  var conversion: Conversion { newest + previous + older }

  /// Those that had time to be used.
  func mature(at now: Date) -> Conversion {
    let age = now.timeIntervalSince1970 - Double(span * Self.spanSeconds)
    return age < Self.maturity ? older : older + previous
  }
}

extension PhoneNumber {
  /// The number less its last four digits: the block that numbers are handed out in, and fraud is
  /// done with.
  package var prefix: String { String(e164.dropLast(4)) }
}
