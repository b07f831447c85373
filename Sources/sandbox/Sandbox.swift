import Countersign
import Synchronization

/// The stand-in for the providers in development: it takes messages as they do, shows them, and
/// calls back.
///
/// It never runs where somebody could take it for real: it ends at once unless our public URL is on
/// this machine.
final class Sandbox: Sendable {
  let inbox: Inbox
  let exchanges = Exchanges()
  let bank = BankAPI.State()
  let rules = Rules()
  let callbacks: Callbacks
  let clock = SandboxClock()
  let verify = VerifyAPI.State()
  let factors = FactorsAPI.State()
  let vonageVerify = VonageVerifyAPI.State()
  private let checks = Atomic<Int>(0)

  /// Takes a message that a request has handed in.
  func take(_ message: InboxMessage, from request: Request) {
    inbox.add(message)
    exchanges.note(message.id, request)
  }

  /// Twilio answers a check with 200 or 201, and documents both: each in turn.
  var checkStatus: Response.Status {
    checks.add(1, ordering: .relaxed).newValue % 2 == 0 ? .ok : .created
  }

  struct NotOnLoopback: Error, CustomStringConvertible {
    let description = "the sandbox runs only while PUBLIC_BASE_URL is on this machine"
  }

  private init(_ configuration: Configuration) throws {
    guard configuration.publicBaseURL.isLoopback else { throw NotOnLoopback() }
    inbox = try Inbox(path: "\(configuration.runDirectory)/sandbox-inbox.jsonl")
    callbacks = try Callbacks(inbox, exchanges, configuration)
  }

  /// The program.
  static func run() {
    Server.run(
      "sandbox",
      prepare: { configuration, _ in
        let sandbox = try Sandbox(configuration)
        sandbox.callbacks.start()
        return sandbox
      },
      makeResponder: { context, sandbox in
        Responder(
          routes: Routes(sandbox, context.configuration).table, health: {},
          metrics: context.metrics)
      })
  }
}
