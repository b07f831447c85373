import FoundationEssentials
import TestSupport
import Testing

@testable import Countersign

@Suite struct `When nobody is to be woken` {
  private func hours(_ from: String, _ until: String, _ zone: String) throws
    -> NotificationPreferences.QuietHours
  {
    try NotificationPreferences.QuietHours(from: from, until: until, timeZone: zone)
  }

  /// Seconds since 1970 of a time of 2026 in UTC.
  private func time(_ month: Int, _ day: Int, _ hour: Int, _ minute: Int = 0) throws -> Date {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
    return try Date(
      "2026-\(two(month))-\(two(day))T\(two(hour)):\(two(minute)):00Z", strategy: .iso8601)
  }

  @Test("quiet hours may go over midnight, and end on the minute")
  func overMidnight() throws {
    let night = try hours("22:00", "07:30", "UTC")
    #expect(try night.contains(time(1, 1, 22)) && night.contains(time(1, 1, 3)))
    #expect(try night.contains(time(1, 1, 7, 29)) && !night.contains(time(1, 1, 7, 30)))
    #expect(try !night.contains(time(1, 1, 21, 59)))
    let noon = try hours("12:00", "13:00", "UTC")
    #expect(try noon.contains(time(1, 1, 12)) && !noon.contains(time(1, 1, 13)))
  }

  @Test("they follow the time zone, and its summer time")
  func zones() throws {
    let night = try hours("22:00", "07:00", "America/New_York")
    // 22:00 is 03:00 UTC in winter and 02:00 in summer.
    #expect(try night.contains(time(1, 10, 3)) && !night.contains(time(1, 10, 2, 30)))
    #expect(try night.contains(time(7, 10, 2, 30)))
    #expect(try hours("22:00", "07:00", "Asia/Kathmandu").contains(time(1, 10, 16, 20)))
    #expect(try !hours("22:00", "07:00", "Asia/Kathmandu").contains(time(1, 10, 16, 10)))
  }

  @Test(
    "what is no time, or no time zone, is refused by name",
    arguments: [
      ("24:00", "07:00", "UTC", "from"), ("2200", "07:00", "UTC", "from"),
      ("+2:00", "07:00", "UTC", "from"), ("22:00", "22:00", "UTC", "until"),
      ("22:00", "07:60", "UTC", "until"), ("22:00", "07:00", "Mars/Olympus", "timeZone"),
      ("22:00", "07:00", "", "timeZone"), ("22:00", "07:00", "GMT+25", "timeZone"),
    ])
  func refused(from: String, until: String, zone: String, field: String) {
    do {
      _ = try hours(from, until, zone)
      Issue.record("\(from) \(until) \(zone) was taken")
    } catch let rejection as Rejection {
      #expect(rejection.field == "quietHours.\(field)")
    } catch {
      Issue.record(error)
    }
  }

  @Test("security and what is urgent pass, and mail makes no noise")
  func passing() throws {
    var preferences = NotificationPreferences()
    preferences.quietHours = try hours("00:00", "23:59", "UTC")
    let usd = try #require(Currency("USD"))
    let payment = AccountEvent.paymentSent(
      try AccountEvent.payment(
        amount: 1, usd, party: "Bob", partyField: "recipient", balance: 2, transaction: nil))
    let now = try time(1, 1, 12)
    func reason(_ event: AccountEvent, _ channel: OutgoingMessage.Channel, _ isUrgent: Bool)
      -> Notification.Skip.Reason?
    {
      preferences.objection(to: event, on: channel, isUrgent: isUrgent, at: now)
    }
    #expect(reason(payment, .sms, false) == .quietHours)
    #expect(reason(payment, .sms, true) == nil)
    #expect(reason(payment, .email, false) == nil)
    #expect(reason(.security(.passwordChanged), .sms, false) == nil)
  }

  @Test("an account's own threshold goes before the host's, in its own currency")
  func threshold() throws {
    var preferences = NotificationPreferences()
    let (usd, eur) = (try #require(Currency("USD")), try #require(Currency("EUR")))
    preferences.threshold = Money(amount: 500, usd)
    func reason(_ balance: Int, _ currency: Currency) throws -> Notification.Skip.Reason? {
      let event = preferences.withThreshold(
        try AccountEvent.lowBalance(balance: balance, threshold: 1_000, currency))
      return preferences.objection(to: event, on: .sms, isUrgent: false, at: .now)
    }
    #expect(try reason(499, usd) == nil && reason(500, usd) == .aboveThreshold)
    #expect(try reason(999, eur) == nil && reason(1_000, eur) == .aboveThreshold)
  }
}

@Suite struct `Links that end mail` {
  @Test("a link ends mail of its kind for its reader, and nobody can make one")
  func links() throws {
    let configuration = try testConfigurationForProviders()
    let links = UnsubscribeLinks(configuration)
    let account = Account.ID(at: .now)
    let url = try links.url(account, .paymentSent)
    let token = try #require(url.split(separator: "/").last.map(String.init))
    let read = try #require(try links.read(token))
    #expect(read.0 == account && read.1 == .paymentSent)
    var bytes = try #require(Base64URL.decode(token))
    for index in [0, 20, bytes.count - 1] {
      bytes[index] ^= 1
      #expect(try links.read(Base64URL.encode(bytes)) == nil)
      bytes[index] ^= 1
    }
    #expect(try links.read("") == nil && links.read("x") == nil)
    // No link ends what is told of security.
    let security = try links.url(account, .passwordChanged)
    #expect(try links.read(String(security.split(separator: "/").last ?? "")) == nil)
  }
}
