import Countersign

extension Request {
  /// The id of the challenge that the path names: itself, or `pending` for the pending login whose
  /// cookie the browser has, so that a page that was loaded anew needs no id.
  ///
  /// - Throws: `cross_origin`.
  func challengeID(_ gate: SessionGate) throws -> String {
    guard let id = parameters["id"], id != "pending" else {
      try requireSameOrigin(gate.cookies)
      return try cookie(named: gate.cookies.pendingLoginName) ?? ""
    }
    return id
  }
}
