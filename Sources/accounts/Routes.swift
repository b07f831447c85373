import Countersign
import FoundationEssentials

/// What this program answers; the acts are the files beside this one.
struct Routes {
  private let accounts: Accounts
  private let sessions: Sessions
  private let verification: PhoneVerification
  private let gate: SessionGate
  private let keys: ServiceKeys
  private let destinations: Destinations
  private let defaultRegion: String

  init(_ connection: Connection, _ context: Server.Context) {
    let configuration = context.configuration
    let breaches = configuration.breachedPasswordsURL.map {
      BreachedPasswords(baseURL: $0, log: context.log)
    }
    accounts = Accounts(connection, configuration, breaches: breaches)
    sessions = Sessions(connection, configuration)
    verification = PhoneVerification(connection, configuration)
    gate = SessionGate(sessions, configuration)
    keys = ServiceKeys(connection)
    destinations = Destinations(connection, configuration)
    defaultRegion = configuration.defaultRegion
  }

  var table: [Route] {
    [
      .post(
        "/api/auth/register",
        Register(
          accounts: accounts, gate: gate, destinations: destinations, defaultRegion: defaultRegion
        ).respond),
      .post("/api/auth/login", LogIn(accounts: accounts, gate: gate).respond),
      .post("/api/auth/logout", LogOut(sessions: sessions, gate: gate).respond),
      .get("/api/auth/session", ShowSession(gate: gate).respond),
      .get("/api/auth/session/check", CheckSession(gate: gate).respond),
      .get("/api/auth/sessions", ListSessions(sessions: sessions, gate: gate).respond),
      .delete("/api/auth/sessions", EndOtherSessions(accounts: accounts, gate: gate).respond),
      .delete("/api/auth/sessions/{id}", EndSession(sessions: sessions, gate: gate).respond),
      .post("/api/auth/password", ChangePassword(accounts: accounts, gate: gate).respond),
      .get("/api/account", ShowAccount(accounts: accounts, gate: gate).respond),
      .patch("/api/account", UpdateAccount(accounts: accounts, gate: gate).respond),
      .put(
        "/api/account/phone",
        ChangePhone(verification: verification, gate: gate, destinations: destinations).respond),
      .delete("/api/account/phone", RemovePhone(accounts: accounts, gate: gate).respond),
      .post(
        "/api/auth/phone/claim",
        ClaimPhone(verification: verification, gate: gate, destinations: destinations).respond),
      .put(
        "/api/users/{externalId}",
        MirrorUser(accounts: accounts, keys: keys).respond),
    ]
  }

  func gauges() throws -> [Gauge] {
    [
      Gauge(
        "countersign_failing_logins",
        "Accounts, known or not, whose password was tried with a wrong one within the last ten minutes.",
        try accounts.failingLogins(at: .now))
    ]
  }
}
