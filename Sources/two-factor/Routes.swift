import Countersign
import FoundationEssentials

/// What this program answers; the acts are the files beside this one.
struct Routes {
  private let factors: SecondFactors
  private let challenges: Challenges
  private let devices: RememberedDevices
  private let gate: SessionGate
  private let host: HostGate
  private let authorizations: Authorizations
  private let accounts: AccountDirectory

  init(_ connection: Connection, _ context: Server.Context) {
    let configuration = context.configuration
    factors = SecondFactors(connection, configuration)
    challenges = Challenges(connection, configuration)
    devices = RememberedDevices(connection, configuration)
    gate = SessionGate(Sessions(connection, configuration), configuration)
    host = HostGate(
      keys: ServiceKeys(connection), answers: IdempotentAnswers(connection, configuration.keys))
    authorizations = Authorizations(connection)
    accounts = AccountDirectory(connection, configuration)
  }

  var table: [Route] {
    [
      .post("/api/auth/2fa/enable", EnableTwoFactor(factors: factors, gate: gate).respond),
      .post(
        "/api/auth/2fa/verify-and-enable",
        ConfirmFactor(factors: factors, gate: gate, kind: nil).respond),
      .post("/api/auth/2fa/disable", DisableTwoFactor(factors: factors, gate: gate).respond),
      .post("/api/auth/2fa/send-code", SendLoginCode(challenges: challenges, gate: gate).respond),
      .post("/api/auth/2fa/verify", VerifyLogin(challenges: challenges, gate: gate).respond),
      .post(
        "/api/auth/2fa/challenges",
        BeginChallenge(challenges: challenges, accounts: accounts, gate: gate, host: host).respond),
      .get(
        "/api/auth/2fa/challenges/{id}", ShowChallenge(challenges: challenges, gate: gate).respond),
      .post(
        "/api/auth/2fa/challenges/{id}/resend",
        ResendChallenge(challenges: challenges, gate: gate, host: host).respond),
      .post(
        "/api/auth/2fa/challenges/{id}/verify",
        AnswerChallenge(challenges: challenges, gate: gate).respond),
      .post(
        "/api/auth/2fa/authorizations/redeem",
        RedeemAuthorization(authorizations: authorizations, accounts: accounts, host: host).respond),
      .get("/api/auth/2fa/backup-codes", CountBackupCodes(factors: factors, gate: gate).respond),
      .post("/api/auth/2fa/backup-codes", ReplaceBackupCodes(factors: factors, gate: gate).respond),
      .get("/api/auth/2fa/devices", ListDevices(devices: devices, gate: gate).respond),
      .delete("/api/auth/2fa/devices/{id}", ForgetDevice(devices: devices, gate: gate).respond),
      .post("/api/code/create", BindApp(factors: factors, gate: gate).respond),
      .post("/api/code/verify", ConfirmFactor(factors: factors, gate: gate, kind: .app).respond),
      .post(
        "/api/code/challenge",
        ProveApp(factors: factors, challenges: challenges, gate: gate).respond),
    ]
  }

  func gauges() throws -> [Gauge] {
    [
      Gauge(
        "countersign_failing_accounts",
        "Accounts whose second factor was tried with a wrong code within the last ten minutes.",
        try factors.failingAccounts(at: .now))
    ]
  }
}
