import Countersign

/// The door of routes that the host's backend calls.
struct HostGate {
  let keys: ServiceKeys
  let answers: IdempotentAnswers

  /// Runs an act once for each `Idempotency-Key` of a host that may ask for challenges.
  func once(_ request: Request, _ act: () throws -> Response) throws -> Response {
    try answers.once(request, try keys.required(request, .challenges), act)
  }

  /// The same for an act of one transaction.
  func onceInTransaction(_ request: Request, _ act: () throws -> Result<Response, Rejection>) throws
    -> Response
  {
    try answers.onceInTransaction(request, try keys.required(request, .challenges), act)
  }
}
