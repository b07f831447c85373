extension Responder {
  /// A responder whose health is that of its database.
  package init(_ connection: Connection, _ context: Server.Context, routes: [Route]) {
    self.init(
      routes: routes, health: { try connection.ping() },
      gauges: { try OutboxStore(connection).gauges(at: .now) }, metrics: context.metrics)
  }
}
