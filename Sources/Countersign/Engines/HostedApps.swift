import FoundationEssentials

/// Apps whose codes a provider judges. Which codes were used is remembered here: Twilio does not say that it
/// takes none twice.
struct HostedApps {
  private let factors: TwilioFactors?
  /// Whether new apps are bound there.
  let binds: Bool
  private let product: String
  private let keys: KeyRing
  private let line = ProviderLine()

  init(_ configuration: Configuration) {
    factors = configuration.twilioVerify.map { TwilioFactors($0, configuration.twilio) }
    binds = configuration.engines.apps == .twilioVerify
    product = configuration.productName
    keys = configuration.keys
  }

  /// Begins a binding.
  ///
  /// - Throws: what the caller is told when the provider does not.
  func create(for account: Account.ID) throws -> TwilioFactors.Created {
    guard let factors else { throw Rejection(.channelUnavailable) }
    let result = try line.perform(factors.create(account, name: product))
    switch factors.created(result) {
    case .success(let created): return created
    case .failure(.notDone(let failure, let after)):
      var rejection = failure.rejectionOfCheck
      if let after, rejection.retryAfter != nil { rejection.retryAfter = after }
      throw rejection
    // A factor that was perhaps made is forgotten there, as is any that no code confirms.
    case .failure: throw Rejection(.providerUnavailable)
    }
  }

  /// The MAC by which a code is remembered that was used.
  func mac(_ code: String, _ sid: String) throws -> [UInt8] {
    Array(
      try keys.indexMAC(.code, [Array("app".utf8), Array(sid.utf8), Array(code.utf8)]).prefix(16))
  }

  /// Has a code judged, outside any transaction and after the try was charged.
  ///
  /// - Parameter isBinding: whether it is the one that confirms the binding.
  /// - Throws: `HostedCodes.NotJudged`; `provider_outcome_unknown`.
  func isRight(
    _ code: String, _ sid: String, of account: Account.ID, isBinding: Bool
  ) throws -> Bool {
    guard let factors else {
      throw HostedCodes.NotJudged(rejection: Rejection(.providerUnavailable))
    }
    let result: Result<TransferResponse, TransferError>
    do {
      result = try line.perform(
        isBinding
          ? factors.confirm(sid, of: account, code) : factors.challenge(sid, of: account, code))
    } catch {
      throw HostedCodes.NotJudged(rejection: error)
    }
    return try factors.verdict(result).judged() == .approved
  }

  /// Has the provider forget a factor that is not bound any more. What it does not hear now it keeps, and is
  /// never asked about again.
  func forget(_ sid: String?, of account: Account.ID) {
    guard let factors, let sid else { return }
    _ = try? line.perform(factors.remove(sid, of: account))
  }
}
