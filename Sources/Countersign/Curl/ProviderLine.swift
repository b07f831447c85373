/// Requests to providers that a worker waits for, over connections that it keeps.
///
/// Used by one thread. The wait is not the worker's alone: others are started meanwhile, so that a provider
/// that is slow holds up nobody who does not ask it (`SpareWorkers`).
@safe final class ProviderLine {
  private lazy var transfers = TransferSet<Void>(connections: 2)

  /// How long an answer is waited for: somebody stands before a screen.
  static let patience = 5_000

  /// - Throws: `busy` when so many wait already that no more may.
  func perform(_ request: TransferRequest) throws(Rejection) -> Result<
    TransferResponse, TransferError
  > {
    var request = request
    request.milliseconds = min(request.milliseconds, Self.patience)
    return try SpareWorkers.whileWaiting {
      transfers.add(request, ())
      while true {
        if let ended = transfers.advance().first { return ended.result }
        transfers.wait(descriptor: -1, milliseconds: 1_000)
      }
    }
  }
}
