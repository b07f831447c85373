import FoundationEssentials

/// Apps that Twilio Verify keeps the secrets of and judges the codes of
/// (<https://www.twilio.com/docs/verify/quickstarts/totp>).
///
/// Twilio knows an account by a name that says nothing about anybody, and a factor of it by an id; the secret
/// passes through here once, on its way to the app.
struct TwilioFactors: Sendable {
  private let client: TwilioVerifyClient
  private let service: String

  init(_ settings: TwilioVerifySettings, _ twilio: TwilioSettings) {
    client = TwilioVerifyClient(settings, twilio)
    service = settings.service
  }

  /// 8 to 64 letters, digits, and dashes, and nothing personal.
  private func entity(_ account: Account.ID) -> String {
    "\(service)/Entities/\(Hexadecimal.encode(account.bytes))"
  }

  // MARK: Binding

  /// A factor that no code has confirmed yet.
  struct Created: Decodable {
    let sid: String
    private let binding: Binding

    private struct Binding: Decodable {
      let secret: String
    }

    /// Base32, as the app gets it.
    var secret: Secret { Secret(binding.secret) }
  }

  /// - Parameter name: what Twilio shows its operators; not the owner's.
  func create(_ account: Account.ID, name: String) -> TransferRequest {
    client.post(
      "\(entity(account))/Factors",
      [
        ("FriendlyName", name), ("FactorType", "totp"), ("Config.Alg", "sha1"),
        ("Config.CodeLength", String(TOTP.digits)), ("Config.TimeStep", String(TOTP.period)),
        ("Config.Skew", "1"),
      ])
  }

  func created(_ result: Result<TransferResponse, TransferError>) -> Result<Created, FactorTrouble>
  {
    switch answer(result) {
    case .failure(let trouble): .failure(trouble)
    case .success(let response):
      (try? JSONDecoder().decode(Created.self, from: Data(response.body)))
        .flatMap { TwilioSettings.isSID($0.sid, "YF") ? .success($0) : nil }
        ?? .failure(.unknown)
    }
  }

  func confirm(_ sid: String, of account: Account.ID, _ code: String) -> TransferRequest {
    client.post("\(entity(account))/Factors/\(sid)", [("AuthPayload", code)])
  }

  func remove(_ sid: String, of account: Account.ID) -> TransferRequest {
    client.delete("\(entity(account))/Factors/\(sid)")
  }

  // MARK: Judging

  func challenge(_ sid: String, of account: Account.ID, _ code: String) -> TransferRequest {
    client.post("\(entity(account))/Challenges", [("FactorSid", sid), ("AuthPayload", code)])
  }

  private struct Judged: Decodable {
    let status: String
  }

  /// What an answer to `confirm` or `challenge` says of the code.
  func verdict(_ result: Result<TransferResponse, TransferError>) -> EngineVerdict {
    switch answer(result) {
    case .failure(.notDone(let failure, let after)): .notJudged(failure, after: after)
    case .failure(.gone): .gone
    case .failure(.wrong): .wrong
    case .failure(.unknown): .unknown
    case .success(let response):
      switch (try? JSONDecoder().decode(Judged.self, from: Data(response.body)))?.status {
      case "verified", "approved": .approved
      case "unverified", "pending": .wrong
      case nil: .unknown
      default: .gone
      }
    }
  }

  enum FactorTrouble: Error {
    case notDone(Failure, after: Int?)
    /// The factor is not there any more.
    case gone
    case wrong
    case unknown
  }

  private func answer(
    _ result: Result<TransferResponse, TransferError>
  ) -> Result<TransferResponse, FactorTrouble> {
    switch result {
    case .failure(let error):
      return .failure(error.mayHaveArrived ? .unknown : .notDone(.providerUnavailable, after: nil))
    case .success(let response):
      switch response.status {
      case 200..<300: return .success(response)
      case 404: return .failure(.gone)
      case 503: return .failure(.notDone(.providerUnavailable, after: response.retryAfter))
      case 500...: return .failure(.unknown)
      default:
        switch TwilioVerifyClient.problem(response).code {
        // An unverified factor is forgotten after a while, and a challenge is over by an answer or in time.
        case 60318, 60322, 60323: return .failure(.gone)
        // How a wrong code was told once, and is for other kinds of factors.
        case 60311, 60324: return .failure(.wrong)
        default: break
        }
        return .failure(
          .notDone(client.failure(response), after: response.retryAfter))
      }
    }
  }
}
