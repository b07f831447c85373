import Countersign

/// POST /api/admin/providers/{name}/test: asks a provider whether it is there, and sends nothing.
struct TestProvider {
  let providers: Providers
  let oversight: Oversight

  private struct Answer: Encodable {
    struct Data: Encodable {
      let name: String
      /// Null for a provider that cannot be asked without sending something.
      let answered: Bool?
      let milliseconds: Int?
    }
    let success = true
    let data: Data
  }

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    let name = request.parameters["name"] ?? ""
    guard try providers.standings().contains(where: { $0.name == name }) else {
      throw Rejection(.notFound)
    }
    try oversight.record(AuditEvent(.providerTested, details: ["provider": name]), by: admin)
    guard let reply = try providers.ask(name) else { throw Rejection(.notFound) }
    return try .json(
      Answer(
        data: Answer.Data(name: name, answered: reply.answered, milliseconds: reply.milliseconds)))
  }
}
