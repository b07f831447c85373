import Countersign

/// What the host's requests for codes have in common: a service key, a number, and an
/// `Idempotency-Key`.
struct HostRequests {
  let keys: ServiceKeys
  let answers: IdempotentAnswers
  let destinations: Destinations
  let defaultRegion: String

  /// The number of a request.
  ///
  /// - Throws: `phone_missing` when there is none.
  func number(_ text: String?) throws -> PhoneNumber {
    guard let text, !text.isEmpty else { throw Rejection(.phoneMissing, field: "phoneNumber") }
    return try destinations.number(text, region: defaultRegion)
  }

  /// Runs an act once for each `Idempotency-Key` of a caller that may ask for codes.
  func once(_ request: Request, _ act: () throws -> Response) throws -> Response {
    try answers.once(request, try keys.required(request, .otp), act)
  }
}
