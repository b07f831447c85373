import Countersign

/// What this program answers; the acts are the files beside this one.
struct Routes {
  private let verification: PhoneVerification
  private let gate: SessionGate
  private let host: HostRequests
  private let destinations: Destinations
  private let defaultRegion: String

  init(_ connection: Connection, _ context: Server.Context) {
    let configuration = context.configuration
    verification = PhoneVerification(connection, configuration)
    gate = SessionGate(Sessions(connection, configuration), configuration)
    destinations = Destinations(connection, configuration)
    defaultRegion = configuration.defaultRegion
    host = HostRequests(
      keys: ServiceKeys(connection), answers: IdempotentAnswers(connection, configuration.keys),
      destinations: destinations,
      defaultRegion: defaultRegion)
  }

  var table: [Route] {
    [
      .post(
        "/api/auth/verify-phone",
        VerifyPhone(
          verification: verification, gate: gate, destinations: destinations,
          defaultRegion: defaultRegion
        ).respond),
      .post(
        "/api/auth/sms/send-phone-verification",
        SendPhoneVerification(verification: verification, gate: gate, destinations: destinations)
          .respond),
      .get(
        "/api/auth/sms/verify-phone",
        ShowPhoneVerification(verification: verification, gate: gate).respond),
      .post(
        "/api/auth/sms/verify-phone",
        CheckPhoneVerification(verification: verification, gate: gate).respond),
      .post(
        "/api/auth/sms/resend",
        ResendPhoneVerification(verification: verification, gate: gate).respond),
      .post("/request-otp", RequestOTP(verification: verification, host: host).respond),
      .post("/check-otp", CheckOTP(verification: verification, host: host).respond),
      .post(
        "/api/sms/send-verification",
        SendForHost(verification: verification, host: host, isSecondFactor: false).respond
      ),
      .post(
        "/api/sms/send-2fa",
        SendForHost(verification: verification, host: host, isSecondFactor: true).respond),
    ]
  }
}
