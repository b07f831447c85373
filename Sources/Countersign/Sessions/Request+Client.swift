extension Request {
  /// Where the request came from, as a session remembers it.
  package var client: ClientDescription {
    ClientDescription(userAgent: headers[.userAgent], address: address)
  }
}
