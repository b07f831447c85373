import FoundationEssentials
import Testing

@testable import Countersign

/// Stretches of time, put together from what is counted.
@Suite struct `Stretches of time` {
  private func time(_ text: String) throws -> Date {
    try Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text)
  }

  @Test("all of it is the count of everything")
  func everything() {
    #expect(TimeSpans.parts(from: nil, to: nil) == [.counted("ever", 0..<Int(Int32.max))])
  }

  @Test("a stretch is days, hours at their ends, and what is left is looked at")
  func mixed() throws {
    let from = try time("2026-01-01T22:30:00.000Z")
    let to = try time("2026-01-04T01:15:00.000Z")
    let day = try time("2026-01-02T00:00:00.000Z").minuteDown(1)
    #expect(
      TimeSpans.parts(from: from, to: to) == [
        .looked(from..<Date(minute: day - 60)), .counted("hour", day - 60..<day),
        .counted("day", day..<day + 2_880), .counted("hour", day + 2_880..<day + 2_940),
        .looked(Date(minute: day + 2_940)..<to),
      ])
  }

  @Test("less than an hour is looked at, and nothing is nothing")
  func short() throws {
    let from = try time("2026-01-01T22:30:00.000Z")
    #expect(TimeSpans.parts(from: from, to: from + 60) == [.looked(from..<from + 60)])
    #expect(TimeSpans.parts(from: from, to: from) == [])
    #expect(TimeSpans.parts(from: from, to: from - 1) == [])
  }

  @Test("the parts follow each other without a gap, whatever the ends are")
  func tiles() throws {
    let begin = try time("2026-03-01T00:00:00.000Z")
    var random = SeededNumbers(7)
    for _ in 0..<2_000 {
      let from = begin + Double(random.below(10 * 86_400)) + Double(random.below(1_000)) / 1_000
      let to = from + Double(random.below(4 * 86_400)) + 0.5
      var reached = from
      for part in TimeSpans.parts(from: from, to: to) {
        switch part {
        case .looked(let range):
          #expect(
            range.lowerBound == reached && range.upperBound.timeIntervalSince(reached) < 3_600)
          reached = range.upperBound
        case .counted(let span, let minutes):
          let length = span == "day" ? 1_440 : 60
          #expect(Date(minute: minutes.lowerBound) == reached)
          #expect(minutes.lowerBound % length == 0 && minutes.upperBound % length == 0)
          reached = Date(minute: minutes.upperBound)
        }
      }
      #expect(reached == to)
    }
  }
}
