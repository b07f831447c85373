package import Logging
import Glibc

/// What every long-running program does first, and how it gives up.
package enum Program {
  /// Blocks the stop signals, reads the configuration, and makes the log.
  ///
  /// A configuration with faults ends the process with EX_CONFIG (78) after one line for each of
  /// them.
  package static func start(_ program: String) -> (Configuration, Logger) {
    Signals.block()
    OpenFiles.raiseLimit()
    do {
      let configuration = try Configuration.read()
      let log = Log.make(program, configuration.log)
      return (configuration, log)
    } catch {
      for fault in error.faults { Log.writeLine("\(program): \(fault)") }
      exit(78)
    }
  }

  /// Ends a program that cannot go on, after saying why.
  package static func fail(_ log: Logger, _ message: String) -> Never {
    log.critical("\(message)")
    exit(1)
  }
}
