import FoundationEssentials

extension Responder {
  /// A responder whose health is that of its database.
  ///
  /// - Parameter gauges: figures of its own, beside those of the outbox and of what goes out.
  package init(
    _ connection: Connection, _ context: Server.Context, routes: [Route],
    gauges: @escaping () throws -> [Gauge] = { [] }
  ) {
    self.init(
      routes: routes, health: { try connection.ping() },
      gauges: {
        let now = Date.now
        return try OutboxStore(connection).gauges(at: now)
          + TrafficStore(connection: connection).gauges(at: now)
          + ProviderHealthStore(connection: connection).gauges() + gauges()
      },
      metrics: context.metrics)
  }
}
