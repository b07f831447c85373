/// The routes that every responder has: whether it can serve, and what it has done.
struct Operations {
  let health: () throws -> Void
  let gauges: () throws -> [Gauge]
  let metrics: RequestMetrics

  var routes: [Route] {
    [
      .get("/livez", livez),
      .get("/healthz", healthz),
      .get("/metrics", exposition),
    ]
  }

  private struct Health: Encodable {
    let status: String
  }

  private static let alive = Response(.ok, body: Array(#"{"status":"ok"}"#.utf8))

  /// Answers as long as the process serves, whatever its database does: one that does not is to be
  /// started again, one whose database is away is not.
  private func livez(_ request: Request) -> Response { Self.alive }

  private func healthz(_ request: Request) throws -> Response {
    do {
      try health()
    } catch {
      throw Rejection(.unavailable)
    }
    return try .json(Health(status: "ok"))
  }

  /// Prometheus' text format, version 0.0.4. Without its database a program still tells its
  /// counters.
  private func exposition(_ request: Request) -> Response {
    let text: String
    do {
      text = metrics.text(
        gauges: try gauges() + [
          Gauge("countersign_database_up", "Whether the database answers.", 1)
        ])
    } catch {
      text = metrics.text(gauges: [
        Gauge("countersign_database_up", "Whether the database answers.", 0)
      ])
    }
    return Response(
      .ok, contentType: "text/plain; version=0.0.4; charset=utf-8", body: Array(text.utf8))
  }
}
