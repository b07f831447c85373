package import FoundationEssentials

/// Which messages are asked for; nil for whatever they are.
package struct MessageFilter: Sendable {
  package var account: Account.ID?
  package var phone: Phone?
  package var kind: String?
  package var channel: OutgoingMessage.Channel?
  package var status: MessageStatus?
  package var provider: String?
  package var country: String?
  /// Made at or after.
  package var from: Date?
  /// Made before.
  package var to: Date?

  /// What is known of a number.
  package enum Phone: Sendable {
    case number(PhoneNumber)
    /// Its last two, three, or four digits.
    case ending(String)
  }

  package init() {}

  /// True when only what is counted is asked for: the counts answer that without a look at a message.
  var isOfSorts: Bool { account == nil && phone == nil }

  /// True where several numbers may be meant.
  var isOfEndings: Bool {
    if case .ending = phone { true } else { false }
  }

  /// How messages are gone through. One in a hundred has two given last digits: the newest are sooner found one after another
  /// than sorted out of all.
  var order: SQL {
    if case .ending(let digits) = phone, digits.utf8.count == 2, account == nil, sort.isEmpty,
      status == nil
    {
      "FORCE INDEX (PRIMARY)"
    } else {
      ""
    }
  }

  /// What every message of the sort has that the counts tell apart.
  var sort: [SQL] {
    var conditions: [SQL] = []
    if let kind { conditions.append("kind = \(kind)") }
    if let channel { conditions.append("channel = \(channel.rawValue)") }
    if let country { conditions.append("country = \(country)") }
    if let provider { conditions.append("provider = \(provider)") }
    return conditions
  }

  /// The same of a row of the counts, where what the courier has just now is queued.
  var countedSort: [SQL] {
    guard let status else { return sort }
    let counted = status == .sending ? MessageStatus.queued : status
    return sort + ["status = \(counted.rawValue)"]
  }

  /// What the messages' own rows have to say, but for their time.
  func conditions(_ phones: PhoneVault) throws -> [SQL] {
    var conditions = sort
    if let account { conditions.append("account_id = \(account)") }
    switch phone {
    case .number(let number):
      // What was queued before endings were kept has none.
      let endings = [try phones.ending(of: number), [0, 0, 0, 0]]
      conditions.append("destination_ending IN (\(list: endings))")
      conditions.append("destination_hash = \(try phones.hash(number))")
    case .ending(let digits):
      conditions.append("destination_ending IN (\(list: try phones.endings(digits)))")
    case nil: break
    }
    switch status {
    case .queued, .sending: conditions.append("status IN ('queued', 'sending')")
    case .failed, .undelivered, .expired, .unknown:
      conditions.append("trouble = \(status?.rawValue)")
    case .sent, .delivered: conditions.append("status = \(status?.rawValue)")
    case nil: break
    }
    return conditions
  }
}

extension PhoneVault {
  /// The keyed hash under which numbers with the same last four digits are found.
  func ending(of number: PhoneNumber) throws -> [UInt8] {
    try ending(String(number.e164.suffix(4)))
  }

  /// Those of all numbers that end with two, three, or four digits.
  func endings(_ digits: String) throws -> [[UInt8]] {
    let missing = 4 - digits.utf8.count
    let count = [1, 10, 100][max(0, min(2, missing))]
    return try (0..<count).map { number in
      let begin = missing <= 0 ? "" : String("\(1_000 + number)".suffix(missing))
      return try ending(begin + digits)
    }
  }
}
