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

  /// What an answer carries that opens a session: the cookie beside the token in its body.
  package func cookie(_ issued: IssuedSession, for request: Request) -> (
    name: String, value: String
  ) {
    let seconds = Int(issued.endsAt.timeIntervalSince(request.time))
    return ("Set-Cookie", cookies.session(issued.token, lifetime: seconds))
  }
}
