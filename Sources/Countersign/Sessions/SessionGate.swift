/// The door of routes that need a session: from a request to the session behind it.
package struct SessionGate {
  private let sessions: Sessions
  package let cookies: CookiePolicy

  package init(_ sessions: Sessions, _ configuration: Configuration) {
    self.sessions = sessions
    cookies = CookiePolicy(publicBaseURL: configuration.publicBaseURL)
  }

  /// The caller's session; nil for a caller that presents nothing.
  ///
  /// - Throws: `unauthenticated` for a credential that opens no session: a caller that presents one
  ///   wants to be recognised, and must not be served as a stranger.
  package func optional(_ request: Request) throws -> Session? {
    guard let credential = try request.credential(cookies) else { return nil }
    let token =
      switch credential {
      case .bearer(let token), .cookie(let token): token
      }
    guard let session = try sessions.find(token, at: request.time) else {
      throw Rejection(.unauthenticated)
    }
    return session
  }

  /// The caller's session.
  ///
  /// - Throws: `unauthenticated` without one.
  package func required(_ request: Request) throws -> Session {
    guard let session = try optional(request) else { throw Rejection(.unauthenticated) }
    return session
  }

  /// The caller's session, at level 2 when the account has a second factor on.
  ///
  /// - Throws: `unauthenticated` without one; `level_too_low`.
  package func fullyAuthenticated(_ request: Request) throws -> Session {
    let session = try required(request)
    guard session.account.secondFactor == nil || session.level >= 2 else {
      throw Rejection(.levelTooLow)
    }
    return session
  }

  /// What an answer carries that opens a session: the cookie beside the token in its body.
  package func cookie(_ issued: IssuedSession, for request: Request) -> (
    name: String, value: String
  ) {
    let seconds = Int(issued.endsAt.timeIntervalSince(request.time))
    return ("Set-Cookie", cookies.session(issued.token, lifetime: seconds))
  }

  /// What an answer carries that begins a pending login, beside the id in its body.
  package func cookie(pending begun: Challenge.Begun, for request: Request) -> (
    name: String, value: String
  ) {
    let seconds = Int(begun.expiresAt.timeIntervalSince(request.time))
    return ("Set-Cookie", cookies.pendingLogin(begun.id, lifetime: seconds))
  }

  /// What an answer carries to a device that is remembered, for its next login.
  package func cookie(_ device: RememberedDevice.Issued, for request: Request) -> (
    name: String, value: String
  ) {
    let seconds = Int(device.expiresAt.timeIntervalSince(request.time))
    return ("Set-Cookie", cookies.device(device.token, lifetime: seconds))
  }
}
