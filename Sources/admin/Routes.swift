import Countersign

/// What this program answers; the acts are the files beside this one.
struct Routes {
  private let gate: SessionGate
  private let providers: Providers

  init(_ connection: Connection, _ context: Server.Context) {
    let configuration = context.configuration
    gate = SessionGate(Sessions(connection, configuration), configuration)
    providers = Providers(connection, configuration)
  }

  var table: [Route] {
    [
      .get("/api/admin/providers", ListProviders(providers: providers, gate: gate).respond),
      .post(
        "/api/admin/providers/{name}/test", TestProvider(providers: providers, gate: gate).respond),
    ]
  }
}
