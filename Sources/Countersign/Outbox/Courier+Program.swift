extension Courier {
  /// The program `courier`: sends what is queued until SIGTERM or SIGINT.
  package static func runProgram() {
    let (configuration, log) = Program.start("courier")
    do {
      // Before any handle is made: neither library's initialisation may happen twice at once.
      Transfer.initializeLibrary()
      Connection.initializeLibrary()
      let courier = try Courier(configuration, log)
      log.notice("serving")
      courier.run()
    } catch {
      Program.fail(log, "cannot start: \(error)")
    }
  }
}
