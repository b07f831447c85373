import FoundationEssentials

/// The SQL of how providers fare.
struct ProviderHealthStore {
  let connection: Connection

  func write(
    _ provider: String, _ breaker: Breaker,
    _ figures: (answers: Int, failures: Int, milliseconds: Int), at now: Date
  ) throws(DatabaseError) {
    try connection.execute(
      """
      INSERT INTO provider_health (provider, state, changed_at, answers, failures, milliseconds, last_failure, last_failure_at, seen_at)
      VALUES (\(provider), \(breaker.state.rawValue), \(breaker.changedAt), \(figures.answers), \(figures.failures),
              \(figures.milliseconds), \(breaker.lastFailure?.failure.rawValue), \(breaker.lastFailure?.at), \(now))
          ON DUPLICATE KEY UPDATE
             state = VALUES(state), changed_at = VALUES(changed_at), answers = VALUES(answers), failures = VALUES(failures),
             milliseconds = VALUES(milliseconds), last_failure = VALUES(last_failure),
             last_failure_at = VALUES(last_failure_at), seen_at = VALUES(seen_at)
      """)
  }

  func all() throws(DatabaseError) -> [ProviderStanding] {
    var standings: [ProviderStanding] = []
    for row in try connection.all(
      """
      SELECT provider, state, changed_at, answers, failures, milliseconds, last_failure, last_failure_at, seen_at
        FROM provider_health
       WHERE seen_at > UTC_TIMESTAMP() - INTERVAL 1 HOUR
       ORDER BY provider
      """)
    {
      standings.append(
        ProviderStanding(
          provider: try row.text("provider"), state: try row.text("state"),
          changedAt: try row.time("changed_at"), answers: try row.int("answers"),
          failures: try row.int("failures"), milliseconds: try row.int("milliseconds"),
          lastFailure: try row.optionalText("last_failure"),
          lastFailureAt: try row.optionalTime("last_failure_at"), seenAt: try row.time("seen_at")))
    }
    return standings
  }

  func gauges() throws(DatabaseError) -> [Gauge] {
    try all().map { standing in
      Gauge(
        "countersign_provider_available",
        "1 while messages are handed to the provider, 0 while it is left alone.",
        standing.state == "open" ? 0 : 1, labels: "provider=\"\(standing.provider)\"")
    }
  }
}
