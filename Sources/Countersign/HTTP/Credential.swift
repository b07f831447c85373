/// How a caller says who it is: a bearer token, or the session cookie.
package enum Credential: Sendable {
  case bearer(String)
  case cookie(String)
}

/// The names and attributes of our cookies, which depend on where browsers reach us.
package struct CookiePolicy: Sendable {
  /// The origin that browsers see, such as `https://auth.example.com`.
  package let origin: String
  private let isSecure: Bool

  package init(publicBaseURL: PublicBaseURL) {
    origin = publicBaseURL.origin
    isSecure = publicBaseURL.isHTTPS
  }

  /// `__Host-` binds a cookie to this host, to `Path=/`, and to HTTPS (RFC 6265bis section 4.1.3).
  /// Plain HTTP exists only on loopback, where browsers would drop such a cookie.
  private func name(_ word: String) -> String { isSecure ? "__Host-\(word)" : word }

  package var sessionName: String { name("session") }
  /// The login that waits for its second step.
  package var pendingLoginName: String { name("pending") }
  /// The device that its owner had remembered.
  package var deviceName: String { name("device") }

  /// `Set-Cookie` for a new session.
  package func session(_ token: Secret, lifetime seconds: Int) -> String {
    cookie(sessionName, token.reveal(), seconds, "Lax")
  }

  /// `Set-Cookie` that removes the session cookie.
  package var expiredSession: String { cookie(sessionName, "", 0, "Lax") }

  /// `Set-Cookie` for a login that waits for its second step.
  package func pendingLogin(_ token: Secret, lifetime seconds: Int) -> String {
    cookie(pendingLoginName, token.reveal(), seconds, "Strict")
  }

  /// `Set-Cookie` that removes a pending login, when it is completed.
  package var expiredPendingLogin: String { cookie(pendingLoginName, "", 0, "Strict") }

  /// `Set-Cookie` for a remembered device.
  package func device(_ token: Secret, lifetime seconds: Int) -> String {
    cookie(deviceName, token.reveal(), seconds, "Strict")
  }

  private func cookie(_ name: String, _ value: String, _ seconds: Int, _ sameSite: String) -> String
  {
    "\(name)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=\(sameSite)"
      + (isSecure ? "; Secure" : "")
  }
}

extension Request {
  /// What the caller presents; nil when it presents nothing.
  ///
  /// A bearer token wins over a cookie. A cookie travels by itself, so an unsafe method that relies
  /// on one must come from our own pages: the browser's `Sec-Fetch-Site` or `Origin` says so, and a
  /// request with neither is refused.
  ///
  /// - Throws: `cross_origin`; `malformed_request` when the cookie is there twice.
  package func credential(_ policy: CookiePolicy) throws(Rejection) -> Credential? {
    if let authorization = headers[.authorization] {
      let parts = authorization.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, parts[0].lowercased() == "bearer" else {
        throw Rejection(.unauthenticated)
      }
      return .bearer(String(parts[1]))
    }
    guard let cookie = try cookie(named: policy.sessionName) else { return nil }
    try requireSameOrigin(policy)
    return .cookie(cookie)
  }

  /// Refuses what changes something and does not come from our own pages; for a request that relies on
  /// a cookie, which a browser sends along also from another origin of the same site.
  ///
  /// - Throws: `cross_origin`.
  package func requireSameOrigin(_ policy: CookiePolicy) throws(Rejection) {
    if (forwardedMethod ?? method) != "GET", !isSameOrigin(policy) { throw Rejection(.crossOrigin) }
  }

  private func isSameOrigin(_ policy: CookiePolicy) -> Bool {
    if let site = headers[.secFetchSite] { return site == "same-origin" }
    if let origin = headers[.origin] { return origin == policy.origin }
    return false
  }

  /// The value of a cookie.
  ///
  /// - Throws: `malformed_request` when two have the name: one of them may have been tossed from a
  ///   sibling domain.
  package func cookie(named name: String) throws(Rejection) -> String? {
    guard let header = headers[.cookie] else { return nil }
    var found: String?
    for pair in header.utf8.split(separator: UInt8(ascii: ";")) {
      let halves = pair.drop { $0 == UInt8(ascii: " ") }.split(
        separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard halves.count == 2, Substring(halves[0]) == name else { continue }
      guard found == nil else { throw Rejection(.malformedRequest) }
      found = String(Substring(halves[1]))
    }
    return found
  }
}
