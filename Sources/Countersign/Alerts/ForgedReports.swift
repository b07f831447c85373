import FoundationEssentials
package import Logging
import Synchronization

/// Counts, for all workers of a program, reports that no provider has signed: a few are accidents, and many are somebody
/// who tries.
package final class ForgedReports: Sendable {
  private struct Window {
    var begin = Date.distantPast
    var count = 0
  }

  private let windows = Mutex<[String: Window]>([:])

  private static let length: TimeInterval = 600
  private static let tolerated = 10

  package init() {}

  /// Counts one; true where there are more than accidents are.
  private func count(_ provider: String, at now: Date) -> Bool {
    windows.withLock { windows in
      var window = windows[provider] ?? Window()
      if window.begin < now - Self.length { window = Window(begin: now) }
      window.count += 1
      windows[provider] = window
      return window.count > Self.tolerated
    }
  }

  /// Lets a provider's route notice what is not signed.
  ///
  /// - Parameter alerts: of the worker whose route it is.
  package func watching(
    _ provider: String, _ alerts: Alerts, _ log: Logger,
    _ act: @escaping (Request) throws -> Response
  ) -> (Request) throws -> Response {
    { [self] request in
      do {
        return try act(request)
      } catch let rejection as Rejection where rejection.reason == .signatureInvalid {
        if count(provider, at: request.time) {
          do {
            try alerts.raiseOnce(.webhooksForged, about: provider, at: request.time)
          } catch {
            // It is raised with the next one; the caller's answer stands.
            log.error("alert cannot be raised", metadata: ["error": "\(error)"])
          }
        }
        throw rejection
      }
    }
  }
}
