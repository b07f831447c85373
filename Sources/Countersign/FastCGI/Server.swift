import CFastCGI
import Glibc
package import Logging

/// What one worker of a program serves: its routes, and how to tell whether it can.
package struct Responder {
  let table: RouteTable

  /// - Parameters:
  ///   - routes: the program's own routes.
  ///   - health: throws when the program cannot serve, for `GET /healthz`.
  ///   - gauges: figures beside the request counters, for `GET /metrics`.
  package init(
    routes: [Route], health: @escaping () throws -> Void,
    gauges: @escaping () throws -> [Gauge] = { [] },
    metrics: RequestMetrics
  ) {
    table = RouteTable(routes + Operations(health: health, gauges: gauges, metrics: metrics).routes)
  }
}

/// A FastCGI program, from its start to its end.
package enum Server {
  /// What a worker builds its routes from.
  package struct Context {
    package let configuration: Configuration
    package let log: Logger
    package let metrics: RequestMetrics
  }

  /// Serves until SIGTERM or SIGINT, then answers what has arrived and returns.
  ///
  /// - Parameters:
  ///   - program: its name, which is also its socket's: `<run directory>/<program>.sock`.
  ///   - maximumBody: the longest request body it takes, in bytes.
  ///   - makeResponder: called once on each worker's thread; what it returns is used by that worker alone.
  package static func run(
    _ program: String, maximumBody: Int = Request.maximumBodyLength,
    makeResponder: @escaping @Sendable (Context) throws -> Responder
  ) {
    run(
      program, maximumBody: maximumBody, prepare: { _, _ in },
      makeResponder: { context, _ in try makeResponder(context) })
  }

  /// The same for a program whose workers share something.
  ///
  /// - Parameter prepare: makes what is shared, before the first worker starts.
  package static func run<Shared: Sendable>(
    _ program: String, maximumBody: Int = Request.maximumBodyLength,
    prepare: (Configuration, Logger) throws -> Shared,
    makeResponder: @escaping @Sendable (Context, Shared) throws -> Responder
  ) {
    let (configuration, log) = Program.start(program)
    do {
      // Before the first thread: no library's initialisation is safe beside another thread.
      FCGX_Init()
      Transfer.initializeLibrary()
      Connection.initializeLibrary()
      let shared = try prepare(configuration, log)
      try serve(program, configuration, log, maximumBody: maximumBody) {
        try makeResponder($0, shared)
      }
    } catch {
      Program.fail(log, "cannot start: \(error)")
    }
  }

  private static func serve(
    _ program: String, _ configuration: Configuration, _ log: Logger, maximumBody: Int,
    makeResponder: @escaping @Sendable (Context) throws -> Responder
  ) throws {
    let listener = try Listener.open(path: "\(configuration.runDirectory)/\(program).sock")
    let set = ConnectionSet(listener: listener)
    let metrics = RequestMetrics(
      program: program, shards: configuration.workers + SpareWorkers.maximum)
    let stopped = WorkerCount(of: configuration.workers)
    let worker = { @Sendable (index: Int, mayEnd: (@Sendable () -> Bool)?) in
      { @Sendable in
        do {
          let responder = try makeResponder(
            Context(configuration: configuration, log: log, metrics: metrics))
          if index == 0 { metrics.describe(responder.table.routes) }
          Worker(
            set: set, responder: responder, maximumBody: maximumBody, metrics: metrics.shard(index),
            log: log, stopped: stopped, mayEnd: mayEnd
          ).run()
        } catch {
          Program.fail(log, "cannot start: \(error)")
        }
      }
    }
    let spares = SpareWorkers { place, mayEnd in
      SystemThread.startIfPossible(worker(configuration.workers + place, mayEnd))
    }
    let workers = (0..<configuration.workers).map { SystemThread.start(worker($0, nil)) }
    log.notice("serving", metadata: ["workers": "\(configuration.workers)"])
    Signals.wait()
    log.notice("stopping")
    Signals.exitUnlessDone(within: 20)
    set.stop()
    listener.close()
    for worker in workers { worker.join() }
    spares.join()
    log.notice("stopped")
  }
}
