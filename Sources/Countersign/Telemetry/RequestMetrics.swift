import Synchronization

/// A figure that goes up and down, as Prometheus reads it.
package struct Gauge: Sendable {
  let name: String
  let help: String
  let labels: String
  let value: Int

  /// - Parameter labels: such as `lane="code"`, without braces.
  package init(_ name: String, _ help: String, _ value: Int, labels: String = "") {
    self.name = name
    self.help = help
    self.labels = labels
    self.value = value
  }
}

/// What a program has answered: requests by route and status, and how long each route took.
///
/// Each worker counts in a shard of its own, whose lock nobody else takes except while metrics are
/// read.
package final class RequestMetrics: Sendable {
  /// Upper bounds of the latency histogram, in microseconds.
  private static let bounds: [UInt64] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000,
  ]

  /// One worker's counts.
  final class Shard: Sendable {
    struct Counts {
      /// By route and status, packed into one number; route -1 is "no such route".
      var requests: [Int: UInt64] = [:]
      /// By route: one count a bound, then the count above all, then the sum in nanoseconds.
      var latencies: [Int: [UInt64]] = [:]
      /// By the limit that refused.
      var refusals: [String: UInt64] = [:]
    }
    let counts = Mutex(Counts())

    func record(route: Int?, status: Int, nanoseconds: UInt64, limit: String? = nil) {
      let route = route ?? -1
      let bucket = bounds.firstIndex { nanoseconds <= $0 * 1_000 } ?? bounds.count
      counts.withLock { counts in
        counts.requests[route * 1_000 + status, default: 0] += 1
        counts.latencies[route, default: Array(repeating: 0, count: bounds.count + 2)][bucket] += 1
        counts.latencies[route]?[bounds.count + 1] += nanoseconds
        if let limit { counts.refusals[limit, default: 0] += 1 }
      }
    }
  }

  private let program: String
  private let shards: [Shard]
  private let patterns = Mutex<[String]>([])

  init(program: String, shards: Int) {
    self.program = program
    self.shards = (0..<shards).map { _ in Shard() }
  }

  func shard(_ index: Int) -> Shard { shards[index] }

  /// Learns what the routes' numbers stand for.
  func describe(_ routes: [Route]) {
    patterns.withLock { $0 = routes.map { "method=\"\($0.method)\",route=\"\($0.pattern)\"" } }
  }

  /// Everything in Prometheus' text format.
  func text(gauges: [Gauge]) -> String {
    var requests: [Int: UInt64] = [:]
    var latencies: [Int: [UInt64]] = [:]
    var refusals: [String: UInt64] = [:]
    for shard in shards {
      let counts = shard.counts.withLock { $0 }
      requests.merge(counts.requests, uniquingKeysWith: +)
      latencies.merge(counts.latencies) { zip($0, $1).map(+) }
      refusals.merge(counts.refusals, uniquingKeysWith: +)
    }
    let patterns = patterns.withLock { $0 }
    func labels(_ route: Int) -> String {
      "program=\"\(program)\","
        + (patterns.indices.contains(route) ? patterns[route] : "method=\"-\",route=\"-\"")
    }
    var text =
      "# HELP countersign_requests_total Requests answered.\n# TYPE countersign_requests_total counter\n"
    for (key, count) in requests.sorted(by: { $0.key < $1.key }) {
      // The remainder of a negative number is negative, and route -1 makes the key so.
      let status = (key % 1_000 + 1_000) % 1_000
      text +=
        "countersign_requests_total{\(labels((key - status) / 1_000)),status=\"\(status)\"} \(count)\n"
    }
    text +=
      "# HELP countersign_request_duration_seconds Time from the arrival of a request to its answer.\n"
    text += "# TYPE countersign_request_duration_seconds histogram\n"
    for (route, counts) in latencies.sorted(by: { $0.key < $1.key }) {
      var total: UInt64 = 0
      for (index, bound) in Self.bounds.enumerated() {
        total += counts[index]
        text +=
          "countersign_request_duration_seconds_bucket{\(labels(route)),le=\"\(Double(bound) / 1e6)\"} \(total)\n"
      }
      total += counts[Self.bounds.count]
      text += "countersign_request_duration_seconds_bucket{\(labels(route)),le=\"+Inf\"} \(total)\n"
      text +=
        "countersign_request_duration_seconds_sum{\(labels(route))} \(Double(counts[Self.bounds.count + 1]) / 1e9)\n"
      text += "countersign_request_duration_seconds_count{\(labels(route))} \(total)\n"
    }
    text +=
      "# HELP countersign_refusals_total Requests that a limit refused.\n# TYPE countersign_refusals_total counter\n"
    for (limit, count) in refusals.sorted(by: { $0.key < $1.key }) {
      text += "countersign_refusals_total{program=\"\(program)\",limit=\"\(limit)\"} \(count)\n"
    }
    var described: Set<String> = []
    for gauge in gauges {
      if described.insert(gauge.name).inserted {
        text += "# HELP \(gauge.name) \(gauge.help)\n# TYPE \(gauge.name) gauge\n"
      }
      text +=
        gauge.labels.isEmpty
        ? "\(gauge.name) \(gauge.value)\n" : "\(gauge.name){\(gauge.labels)} \(gauge.value)\n"
    }
    return text
  }
}
