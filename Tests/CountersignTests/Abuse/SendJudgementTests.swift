import FoundationEssentials
import Testing

@testable import Countersign

@Suite struct `Judging a send` {
  private let now = Date(timeIntervalSince1970: 1_800_000_000)
  private let judgement = SendJudgement(settings: Configuration.Limits())

  private func traffic(
    _ scope: Traffic.Scope, hour: Int = 0, previousHour: Int = 0, cost: Int = 0,
    newest: (Int, Int) = (0, 0), previous: (Int, Int) = (0, 0), older: (Int, Int) = (0, 0),
    secondsSinceLast: Double? = nil, stoppedFor: Double? = nil
  ) -> Traffic {
    Traffic(
      scope: scope, hour: Traffic.hour(now), hourSent: hour, previousHourSent: previousHour,
      day: Traffic.day(now), daySent: hour, dayCost: cost, span: Traffic.span(now),
      newest: Traffic.Conversion(sent: newest.0, used: newest.1),
      previous: Traffic.Conversion(sent: previous.0, used: previous.1),
      older: Traffic.Conversion(sent: older.0, used: older.1),
      previousSentAt: secondsSinceLast.map { now - $0 }, stoppedUntil: stoppedFor.map { now + $0 })
  }

  private func verdict(
    _ prefix: Traffic, _ country: Traffic? = nil, _ all: Traffic? = nil,
    standing: SendJudgement.Standing = .stranger, toUnproven: Bool = true, proof: Int = 0
  ) -> SendJudgement.Objection? {
    judgement.judge(
      [prefix, country ?? traffic(.country("US")), all ?? traffic(.everything)],
      SendJudgement.Sending(
        standing: standing, isToUnproven: toUnproven, difficulty: proof, cost: 8_300,
        added: TrafficStore.Addition(sent: 1, cost: 8_300, isToUnproven: toUnproven)), at: now)
  }

  private var prefix: Traffic.Scope { .prefix("+1415555") }

  @Test("thirty codes that nobody used slow a prefix: strangers solve a puzzle, the next waits")
  func slowed() {
    #expect(verdict(traffic(prefix, newest: (30, 0), secondsSinceLast: 1)) == nil)
    let slow = SendRefusal(.slowed, prefix)
    #expect(
      verdict(traffic(prefix, newest: (31, 0), secondsSinceLast: 1))
        == .proofNeeded(slow, difficulty: 18))
    #expect(
      verdict(traffic(prefix, newest: (31, 0), secondsSinceLast: 1), proof: 20)
        == .refused(slow, seconds: 19))
    #expect(
      verdict(traffic(prefix, newest: (31, 0), secondsSinceLast: 20), proof: 20) == nil)
    #expect(
      verdict(traffic(prefix, newest: (31, 0), secondsSinceLast: 5), standing: .known)
        == .refused(slow, seconds: 15))
    #expect(verdict(traffic(prefix, newest: (41, 4))) == nil)
  }

  @Test("a prefix is stopped once its codes had time to be used and were not")
  func stopped() {
    #expect(
      verdict(traffic(prefix, older: (30, 2)))
        == .refused(SendRefusal(.stops, prefix), seconds: 1_800))
    #expect(verdict(traffic(prefix, newest: (1, 0), older: (30, 3))) == nil)
    #expect(
      verdict(traffic(prefix, stoppedFor: 600), standing: .known)
        == .refused(SendRefusal(.stopped, prefix), seconds: 600))
    #expect(verdict(traffic(prefix, stoppedFor: -1)) == nil)
  }

  @Test("codes of the five minutes before tell nothing until they had two minutes to be used")
  func mature() {
    let start = Date(timeIntervalSince1970: Double(Traffic.span(now) * Traffic.spanSeconds))
    let traffic = traffic(prefix, newest: (5, 0), previous: (30, 0), older: (7, 1))
    #expect(traffic.mature(at: start + 119) == Traffic.Conversion(sent: 7, used: 1))
    #expect(traffic.mature(at: start + 120) == Traffic.Conversion(sent: 37, used: 1))
    #expect(traffic.conversion == Traffic.Conversion(sent: 42, used: 1))
  }

  @Test("a day that another clock began already counts, and a puzzle that was too easy does not")
  func skewAndEasy() {
    var early = traffic(prefix, hour: 2_001)
    early = Traffic(
      scope: early.scope, hour: early.hour, hourSent: 0, previousHourSent: 0, day: early.day + 1,
      daySent: 2_001, dayCost: 0, span: early.span, newest: early.newest, previous: early.previous,
      older: early.older, previousSentAt: nil, stoppedUntil: nil)
    #expect(
      verdict(early, standing: .owner, toUnproven: false)
        == .refused(SendRefusal(.budget(.day), prefix), seconds: 57_600))
    #expect(
      verdict(traffic(prefix, newest: (31, 0)), proof: 17)
        == .proofNeeded(SendRefusal(.slowed, prefix), difficulty: 18))
    #expect(verdict(traffic(prefix, newest: (31, 0)), proof: 18) == nil)
  }

  @Test("owners of verified numbers are not stopped by what strangers do to their prefix")
  func owners() {
    let collapsed = traffic(prefix, older: (300, 0), stoppedFor: 600)
    #expect(verdict(collapsed, standing: .owner, toUnproven: false) == nil)
    #expect(
      verdict(collapsed, standing: .stranger, toUnproven: false)
        == .proofNeeded(SendRefusal(.slowed, prefix), difficulty: 20))
    #expect(verdict(collapsed, standing: .stranger, toUnproven: false, proof: 20) == nil)
  }

  @Test(
    "a country is slowed at 300 and stopped at 1,000, and spares prefixes with a record of their own"
  )
  func countries() {
    let country = traffic(.country("US"), older: (1_000, 99))
    #expect(
      verdict(traffic(prefix, newest: (1, 0)), country)
        == .refused(SendRefusal(.stops, .country("US")), seconds: 1_800))
    #expect(verdict(traffic(prefix, newest: (3, 1)), country) == nil)
    #expect(
      verdict(traffic(prefix, newest: (1, 0)), traffic(.country("US"), older: (299, 0))) == nil
    )
    #expect(
      verdict(traffic(prefix, newest: (1, 0)), traffic(.country("US"), older: (999, 0)))
        == .proofNeeded(SendRefusal(.slowed, .country("US")), difficulty: 18))
  }

  @Test("who proves less may use less of a budget")
  func shares() {
    func limit(_ standing: SendJudgement.Standing) -> Int {
      (1...600).last {
        verdict(traffic(prefix, hour: $0), standing: standing, toUnproven: standing != .owner)
          == nil
      } ?? 0
    }
    #expect(limit(.stranger) == 400 && limit(.known) == 450 && limit(.owner) == 500)
  }

  @Test("the hour before counts by the part of it that lies within the last sixty minutes")
  func slidingHour() {
    let start = Date(timeIntervalSince1970: Double(Traffic.hour(now)) * 3_600)
    let traffic = traffic(prefix, hour: 10, previousHour: 100)
    #expect(traffic.sentLastHour(at: start) == 110)
    #expect(traffic.sentLastHour(at: start + 900) == 85)
    #expect(traffic.sentLastHour(at: start + 3_599) == 11)
    #expect(traffic.sentLastHour(at: start + 5_400) == 5)
    #expect(traffic.sentLastHour(at: start + 7_200) == 0)
  }

  @Test("money stops at the budget of the day, and a request that sends nothing is judged alike")
  func money() {
    func verdict(_ cost: Int, sent: Int) -> SendJudgement.Objection? {
      judgement.judge(
        [traffic(.country("US"), hour: sent, cost: cost)],
        SendJudgement.Sending(
          standing: .owner, isToUnproven: false, difficulty: 0, cost: 10_000,
          added: TrafficStore.Addition(sent: sent, cost: sent * 10_000, isToUnproven: false)),
        at: now)
    }
    #expect(verdict(1_000_000_000, sent: 1) == nil)
    #expect(verdict(999_990_000, sent: 0) == nil)
    let refusal = SendRefusal(.budget(.money), .country("US"))
    #expect(verdict(1_000_000_001, sent: 1) == .refused(refusal, seconds: 57_600))
    #expect(verdict(999_990_001, sent: 0) == .refused(refusal, seconds: 57_600))
  }

  @Test("a puzzle is asked of strangers when half of an hour's budget for everything is gone")
  func risk() {
    let all = traffic(.everything, hour: 100_000)
    #expect(
      verdict(traffic(prefix), nil, all)
        == .proofNeeded(SendRefusal(.risk, .everything), difficulty: 18))
    #expect(verdict(traffic(prefix), nil, all, standing: .known) == nil)
  }
}
