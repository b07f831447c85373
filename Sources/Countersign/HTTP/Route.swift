/// One line of a responder's route table: a method, a pattern, and the act that answers.
package struct Route {
  package let method: String
  /// The path, with `{name}` for a segment that is handed on, such as `/api/auth/sessions/{id}`.
  package let pattern: String
  let respond: (Request) throws -> Response

  package init(
    _ method: String, _ pattern: String, _ respond: @escaping (Request) throws -> Response
  ) {
    self.method = method
    self.pattern = pattern
    self.respond = respond
  }

  package static func get(
    _ pattern: String, _ respond: @escaping (Request) throws -> Response
  ) -> Route { Route("GET", pattern, respond) }

  package static func post(
    _ pattern: String, _ respond: @escaping (Request) throws -> Response
  ) -> Route { Route("POST", pattern, respond) }

  package static func put(
    _ pattern: String, _ respond: @escaping (Request) throws -> Response
  ) -> Route { Route("PUT", pattern, respond) }

  package static func patch(
    _ pattern: String, _ respond: @escaping (Request) throws -> Response
  ) -> Route { Route("PATCH", pattern, respond) }

  package static func delete(
    _ pattern: String, _ respond: @escaping (Request) throws -> Response
  ) -> Route { Route("DELETE", pattern, respond) }
}

/// What a responder answers: its routes, found by exact path or by pattern.
package struct RouteTable {
  package let routes: [Route]
  private var exact: [String: [Int]] = [:]
  private var patterns: [(segments: [Substring], index: Int)] = []

  package init(_ routes: [Route]) {
    self.routes = routes
    for (index, route) in routes.enumerated() {
      if route.pattern.utf8.contains(UInt8(ascii: "{")) {
        patterns.append(
          (route.pattern.split(separator: "/", omittingEmptySubsequences: false), index))
      } else {
        exact[route.pattern, default: []].append(index)
      }
    }
  }

  /// What a request leads to.
  package enum Match {
    case route(Int, parameters: [String: String])
    /// The path exists for these methods only.
    case methodNotAllowed(allowed: [String])
    case notFound
  }

  /// Finds the route of a request. `HEAD` is not served: nothing here is worth asking for without
  /// its body.
  package func match(method: String, path: String) -> Match {
    var allowed: [String] = []
    if let indices = exact[path] {
      for index in indices {
        if routes[index].method == method { return .route(index, parameters: [:]) }
        allowed.append(routes[index].method)
      }
    }
    if !patterns.isEmpty {
      let segments = path.split(separator: "/", omittingEmptySubsequences: false)
      for (pattern, index) in patterns {
        guard let parameters = Self.match(pattern, segments) else { continue }
        if routes[index].method == method { return .route(index, parameters: parameters) }
        allowed.append(routes[index].method)
      }
    }
    return allowed.isEmpty ? .notFound : .methodNotAllowed(allowed: allowed)
  }

  private static func match(_ pattern: [Substring], _ segments: [Substring]) -> [String: String]? {
    guard pattern.count == segments.count else { return nil }
    var parameters: [String: String] = [:]
    for (part, segment) in zip(pattern, segments) {
      if part.utf8.first == UInt8(ascii: "{") {
        guard !segment.isEmpty else { return nil }
        parameters[String(part.dropFirst().dropLast())] = String(segment)
      } else if part != segment {
        return nil
      }
    }
    return parameters
  }

  /// Answers a request; every error becomes an answer.
  ///
  /// - Parameter report: told of an error that is nobody's rejection, for the log.
  /// - Returns: the response, and the index of the route, nil when there was none.
  package func respond(
    to request: Request, report: (any Error) -> Void = { _ in }
  ) -> (response: Response, route: Int?) {
    if let defect = request.defect {
      let reason: Rejection.Reason =
        switch defect {
        case .repeatedHeader, .malformed: .malformedRequest
        case .bodyTooLarge: .bodyTooLarge
        }
      return (Response(Rejection(reason), requestID: request.id), nil)
    }
    switch match(method: request.method, path: request.path) {
    case .notFound:
      return (Response(Rejection(.notFound), requestID: request.id), nil)
    case .methodNotAllowed(let allowed):
      let response = Response(Rejection(.methodNotAllowed), requestID: request.id)
      return (response.adding("Allow", allowed.joined(separator: ", ")), nil)
    case .route(let index, let parameters):
      var request = request
      request.parameters = parameters
      do {
        return (try routes[index].respond(request), index)
      } catch let rejection as Rejection {
        return (Response(rejection, requestID: request.id), index)
      } catch let error as DatabaseError where error.isTransient {
        report(error)
        return (Response(Rejection(.unavailable), requestID: request.id), index)
      } catch {
        report(error)
        return (Response(Rejection(.internalError), requestID: request.id), index)
      }
    }
  }
}
