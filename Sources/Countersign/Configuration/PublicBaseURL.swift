import FoundationEssentials

/// Where browsers and providers reach us: a scheme, a host, perhaps a port, and nothing else.
///
/// Links, webhook signatures, and the WebOTP line are bound to it. It is configured, and never
/// taken from a request.
package struct PublicBaseURL: Sendable {
  /// As configured, without a slash at the end, such as `https://auth.example.com`.
  package let origin: String
  package let host: String
  package let port: Int?
  package let isHTTPS: Bool

  /// True on this machine only: `localhost`, 127.0.0.0/8, or ::1.
  package var isLoopback: Bool {
    host == "localhost" || host == "[::1]" || host == "::1" || host.hasPrefix("127.")
  }

  /// Nil unless the text is `https://host[:port]`, or `http://` on loopback: cookies and codes do
  /// not travel in clear.
  package init?(_ text: String) {
    guard let components = URLComponents(string: text),
      let scheme = components.scheme?.lowercased(),
      let host = components.host?.lowercased(), !host.isEmpty, components.user == nil,
      components.query == nil,
      components.fragment == nil, components.path.isEmpty || components.path == "/"
    else { return nil }
    self.host = host
    port = components.port
    isHTTPS = scheme == "https"
    origin = "\(scheme)://\(host)" + (components.port.map { ":\($0)" } ?? "")
    guard isHTTPS || scheme == "http" && isLoopback else { return nil }
  }
}
