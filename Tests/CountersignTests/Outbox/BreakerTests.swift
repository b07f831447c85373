import FoundationEssentials
import Testing

@testable import Countersign

/// Goal: a provider that fails is left alone, and comes back by itself.
@Suite("Breakers")
struct BreakerTests {
  private let start = Date(timeIntervalSince1970: 1_767_225_600)

  private func breaker(heardAt seconds: TimeInterval = 0) -> Breaker {
    var breaker = Breaker(at: start)
    breaker.note(nil, seconds: 0.1, at: start + seconds)
    return breaker
  }

  @Test("a provider nobody has heard of lately is asked before it is used")
  func asksWhenCold() {
    var new = Breaker(at: start)
    #expect(new.advice(at: start) == .ask)
    new.noteReply(at: start)
    #expect(new.advice(at: start + 4) == .use)
    #expect(new.advice(at: start + 6) == .ask)
  }

  @Test("after one failure the next message asks, and after three in ten seconds it is left alone")
  func opens() {
    var breaker = breaker()
    breaker.note(.providerUnavailable, seconds: 0.1, at: start + 1)
    #expect(breaker.advice(at: start + 1) == .ask)
    breaker.noteReply(at: start + 1)
    breaker.note(.providerUnavailable, seconds: 0.1, at: start + 2)
    #expect(breaker.state == .closed)
    breaker.note(.outcomeUnknown, seconds: 0.1, at: start + 3)
    #expect(breaker.state == .open)
    #expect(breaker.advice(at: start + 4) == .avoid)
  }

  @Test("an answer that takes three seconds is no good one")
  func countsSlowness() {
    var breaker = breaker()
    for second in 1...3 { breaker.note(nil, seconds: 3.5, at: start + TimeInterval(second)) }
    #expect(breaker.state == .open && breaker.lastFailure?.failure == .providerUnavailable)
  }

  @Test("a few failures among many good answers open nothing")
  func toleratesFew() {
    var breaker = breaker()
    for second in 0..<5 {
      for _ in 0..<10 { breaker.note(nil, seconds: 0.1, at: start + TimeInterval(second)) }
      breaker.note(.providerUnavailable, seconds: 0.1, at: start + TimeInterval(second))
    }
    #expect(breaker.state == .closed)
  }

  @Test(
    "an open breaker asks after 5 s, 10 s, 20 s, 40 s, and then every minute, and closes on an answer"
  )
  func backsOff() {
    var breaker = breaker()
    var now = start
    breaker.noteSilence(at: now)
    for pause in [5.0, 10, 20, 40, 60, 60] {
      #expect(breaker.advice(at: now + pause - 0.1) == .avoid)
      now += pause
      #expect(breaker.advice(at: now) == .ask)
      #expect(breaker.state == .halfOpen)
      breaker.noteSilence(at: now)
    }
    now += 60
    #expect(breaker.advice(at: now) == .ask)
    breaker.noteReply(at: now)
    // One message decides.
    #expect([1, 2, 3].map { _ in breaker.advice(at: now) } == [.use, .avoid, .avoid])
    breaker.note(nil, seconds: 0.1, at: now)
    #expect(breaker.state == .closed && breaker.advice(at: now) == .use)
    breaker.noteSilence(at: now)
    #expect(breaker.advice(at: now + 5) == .ask)
  }

  @Test("one that answers questions and sends nothing is left alone longer each time")
  func answersOnly() {
    var breaker = breaker()
    var now = start
    breaker.noteSilence(at: now)
    for pause in [5.0, 10, 20] {
      now += pause
      #expect(breaker.advice(at: now) == .ask)
      breaker.noteReply(at: now)
      #expect(breaker.advice(at: now) == .use)
      breaker.note(.outcomeUnknown, seconds: 0.1, at: now)
      #expect(breaker.state == .open)
    }
    #expect(breaker.advice(at: now + 39) == .avoid)
    #expect(breaker.advice(at: now + 40) == .ask)
  }

  @Test("a message that was to decide and never left is not waited for longer than it could take")
  func lostTrial() {
    var breaker = breaker()
    breaker.noteSilence(at: start)
    #expect(breaker.advice(at: start + 5) == .ask)
    breaker.noteReply(at: start + 5)
    #expect(breaker.advice(at: start + 5) == .use)
    #expect(breaker.advice(at: start + 19) == .avoid)
    #expect(breaker.advice(at: start + 21) == .ask)
  }

  @Test("a provider that asks to be left alone is, for a minute at most")
  func heedsRetryAfter() {
    for (asked, pause) in [(30, 30.0), (3_600, 60)] {
      var breaker = breaker()
      for _ in 0..<3 {
        breaker.note(.providerRateLimited, seconds: 0.1, after: asked, at: start + 1)
      }
      #expect(breaker.advice(at: start + pause) == .avoid)
      #expect(breaker.advice(at: start + pause + 1) == .ask)
    }
  }

  @Test("the figures are those of the last minute")
  func figures() {
    var breaker = breaker()
    breaker.note(nil, seconds: 0.3, at: start + 50)
    breaker.note(.providerUnavailable, seconds: 0.1, at: start + 55)
    let figures = breaker.figures(at: start + 61)
    #expect(figures.answers == 2 && figures.failures == 1 && figures.milliseconds == 200)
  }
}

/// Goal: a sender's carriers never see more than they allow.
@Suite("Paces")
struct PacerTests {
  @Test(
    "of a thousand messages at once as many leave in each second as the rate says, and one second's worth at first",
    arguments: [0.5, 1, 4, 30])
  func keepsTheRate(rate: Double) {
    var pacer = Pacer(["+15005550006": rate])
    let start = Date(timeIntervalSince1970: 1_767_225_600)
    var sent: [Double] = []
    for step in 0..<2_000 {
      let now = start + Double(step) / 100
      while pacer.wait("+15005550006", isUrgent: true, at: now) == nil {
        sent.append(Double(step) / 100)
      }
    }
    let burst = max(1, Int(rate))
    let atOnce = sent.count { $0 == 0 }
    #expect(atOnce == burst)
    #expect(abs(Double(sent.count - burst) - 20 * rate) <= 1)
  }

  @Test("those that wait get times one after another, and a code the next there is")
  func promises() {
    var pacer = Pacer(["a": 2])
    let start = Date(timeIntervalSince1970: 1_767_225_600)
    #expect([0, 1].map { _ in pacer.wait("a", isUrgent: false, at: start) } == [nil, nil])
    let times = [0, 1, 2].map { _ in pacer.wait("a", isUrgent: false, at: start) }
    #expect(times == [start + 0.5, start + 1, start + 1.5])
    #expect(pacer.wait("a", isUrgent: true, at: start) == start + 0.5)
  }

  @Test("a sender without a rate waits for nothing")
  func leavesOthersAlone() {
    var pacer = Pacer(["+15005550006": 1])
    for _ in 0..<100 {
      #expect(pacer.wait("vonage:Acme", isUrgent: false, at: .now) == nil)
      #expect(pacer.wait(nil, isUrgent: false, at: .now) == nil)
    }
  }
}

/// Goal: operators write routes as they think of them, and a slip is told.
@Suite("Routes")
struct TextRouteTests {
  @Test(
    "a route names a country or a prefix, and providers with or without a sender",
    arguments: [
      ("US=twilio", "US", 1), ("+46 = vonage:Acme, twilio:+46700000000", "+46", 2),
      ("GB=twilio:MG00000000000000000000000000000000,vonage", "GB", 2),
    ])
  func reads(text: String, key: String, hops: Int) throws {
    let route = try #require(TextRoute(Substring(text)))
    #expect(route.hops.count == hops)
    switch route.destination {
    case .country(let region): #expect(region == key)
    case .prefix(let prefix): #expect(prefix == key)
    }
  }

  @Test(
    "anything else is none",
    arguments: [
      "", "US", "US=", "=twilio", "XX=twilio", "us=twilio", "+=twilio", "+4a=twilio", "US=carrier",
      "US=twilio,,vonage", "US=twilio:",
    ])
  func refuses(text: String) {
    #expect(TextRoute(Substring(text)) == nil)
  }
}
