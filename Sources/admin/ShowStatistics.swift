import Countersign
import FoundationEssentials

/// GET /api/admin/sms/stats: how much was sent and what became of it.
struct ShowStatistics {
  let statistics: Statistics

  private struct Answer: Encodable {
    struct Overview: Encodable {
      let totalSMSsent: Int
      let totalUsersWithPhone: Int
      let totalVerifiedPhones: Int
      let total2FAEnabled: Int
      let smsLastHour: Int
      let smsToday: Int
      let successRate: String
    }
    struct Point: Encodable {
      let at: Date
      let sent: Int
      let delivered: Int
      let failed: Int
      let codesSent: Int
      let codesUsed: Int
      let microdollars: Int

      init(_ at: Date, _ tally: Statistics.Tally) {
        self.at = at
        (sent, delivered, failed) = (tally.sent, tally.delivered, tally.failed)
        (codesSent, codesUsed) = (tally.codes, tally.used)
        microdollars = tally.microdollars
      }
    }
    struct Share: Encodable {
      let name: String
      let sent: Int
      let delivered: Int
      let failed: Int
      let codesSent: Int
      let codesUsed: Int
      let microdollars: Int
      let successRate: String

      init(_ name: String, _ tally: Statistics.Tally) {
        self.name = name
        (sent, delivered, failed) = (tally.sent, tally.delivered, tally.failed)
        (codesSent, codesUsed) = (tally.codes, tally.used)
        microdollars = tally.microdollars
        successRate = tally.successRate
      }
    }
    struct Conversion: Encodable {
      let codesSent: Int
      let codesUsed: Int
      let rate: String
    }
    struct Cost: Encodable {
      /// In cents, rounded.
      let amount: Int
      let currency = "USD"
      let microdollars: Int
    }
    struct Period: Encodable {
      let from: Date
      let to: Date
      let interval: String
      let series: [Point]
      let byCountry: [Share]
      let byProvider: [Share]
      let byChannel: [Share]
      let cost: Cost
      let conversion: Conversion
    }
    struct Data: Encodable {
      let overview: Overview
      let byType: [String: Int]
      let period: Period
    }
    let success = true
    let data: Data
  }

  private static let longest: TimeInterval = 400 * 86_400

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    let to = try request.time("to") ?? request.time
    let from = try request.time("from") ?? to.addingTimeInterval(-86_400)
    guard from < to, to.timeIntervalSince(from) <= Self.longest else {
      throw Rejection(.invalidField, field: "from")
    }
    let overview = try statistics.overview(at: request.time)
    let period = try statistics.period(from: from, to: to)
    func shares(_ tallies: [(name: String, tally: Statistics.Tally)]) -> [Answer.Share] {
      tallies.map { Answer.Share($0.name, $0.tally) }
    }
    return try .json(
      Answer(
        data: Answer.Data(
          overview: Answer.Overview(
            totalSMSsent: overview.texts.sent, totalUsersWithPhone: overview.withPhone,
            totalVerifiedPhones: overview.verifiedPhones, total2FAEnabled: overview.twoFactor,
            smsLastHour: overview.lastHour, smsToday: overview.today,
            successRate: overview.texts.successRate), byType: overview.textsByKind,
          period: Answer.Period(
            from: period.from, to: period.to, interval: period.isByHour ? "hour" : "day",
            series: period.series.map { Answer.Point($0.at, $0.tally) },
            byCountry: shares(period.byCountry), byProvider: shares(period.byProvider),
            byChannel: shares(period.byChannel),
            cost: Answer.Cost(
              amount: (period.total.microdollars + 5_000) / 10_000,
              microdollars: period.total.microdollars),
            conversion: Answer.Conversion(
              codesSent: period.total.codes, codesUsed: period.total.used,
              rate: Statistics.Tally.percent(period.total.used, of: period.total.codes))))))
  }
}
