import Countersign

/// What this program answers; the acts are the files beside this one.
struct Routes {
  private let reset: PasswordReset
  private let destinations: Destinations
  private let defaultRegion: String

  init(_ connection: Connection, _ context: Server.Context) {
    let configuration = context.configuration
    let breaches = configuration.breachedPasswordsURL.map {
      BreachedPasswords(baseURL: $0, log: context.log)
    }
    reset = PasswordReset(connection, configuration, breaches: breaches)
    destinations = Destinations(connection, configuration)
    defaultRegion = configuration.defaultRegion
  }

  var table: [Route] {
    [
      .post(
        "/api/auth/sms/request-password-reset",
        RequestReset(reset: reset, destinations: destinations, defaultRegion: defaultRegion).respond
      ),
      .post(
        "/api/auth/sms/verify-and-reset",
        ResetPassword(reset: reset, destinations: destinations, defaultRegion: defaultRegion)
          .respond),
    ]
  }
}
