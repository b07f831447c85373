import Countersign

/// What this program answers, and to which roles; the acts are the files beside this one.
struct Routes {
  private let admin: AdminRoutes
  private let support: UserSupport
  private let users: UserDirectory
  private let messages: MessageLog
  private let statistics: Statistics
  private let audit: Audit
  private let alerts: Alerts
  private let rules: AbuseRules
  private let providers: Providers
  private let keys: ServiceKeys
  private let approvals: Approvals
  private let oversight: Oversight
  private let defaultRegion: String

  init(_ connection: Connection, _ context: Server.Context) {
    let configuration = context.configuration
    admin = AdminRoutes(SessionGate(Sessions(connection, configuration), configuration))
    support = UserSupport(connection, configuration, context.log)
    users = UserDirectory(connection, configuration)
    messages = MessageLog(connection, configuration)
    statistics = Statistics(connection)
    audit = Audit(connection, configuration, context.log)
    alerts = Alerts(connection, configuration)
    rules = AbuseRules(connection, configuration)
    providers = Providers(connection, configuration)
    keys = ServiceKeys(connection)
    approvals = Approvals(connection, configuration, context.log)
    oversight = Oversight(connection, configuration, context.log)
    defaultRegion = configuration.defaultRegion
  }

  var table: [Route] {
    let query = MessageQuery(defaultRegion: defaultRegion)
    let list = ListMessages(
      messages: messages, query: query, users: users, oversight: oversight)
    let log = SecurityLog(audit: audit, oversight: oversight)
    return [
      // Text messages
      admin.post(
        "/api/admin/sms/send-password-reset", for: .support,
        SendPasswordReset(support: support).respond),
      admin.post(
        "/api/admin/sms/verify-user-phone", for: .administrators,
        VerifyUserPhone(support: support).respond),
      admin.get("/api/admin/sms/sms-logs", for: .everybody, list.respond),
      admin.get(
        "/api/admin/sms/sms-logs/export", for: .security,
        ExportMessages(messages: messages, query: query, oversight: oversight).respond),
      admin.get(
        "/api/admin/sms/stats", for: .everybody, ShowStatistics(statistics: statistics).respond),

      // People
      admin.get(
        "/api/admin/users", for: .everybody,
        ListUsers(users: users, region: defaultRegion, oversight: oversight).respond),
      admin.get(
        "/api/admin/users/{id}", for: .everybody,
        ShowUser(users: users, oversight: oversight).respond),
      admin.post(
        "/api/admin/users/{id}/disable-2fa", for: .security,
        DisableTwoFactor(approvals: approvals).respond),
      admin.post(
        "/api/admin/users/{id}/sessions/revoke", for: .everybody,
        ActOnUser(answer: "The sessions are ended.") { try support.revokeSessions($0, $1, by: $2) }
          .respond),
      admin.post(
        "/api/admin/users/{id}/lock", for: .security,
        ActOnUser(answer: "The account is locked.") { _ = try support.lock($0, $1, by: $2) }
          .respond),
      admin.post(
        "/api/admin/users/{id}/unlock", for: .security,
        ActOnUser(answer: "The account is not locked.") { _ = try support.unlock($0, $1, by: $2) }
          .respond),

      // What happened
      admin.get("/api/admin/security-log", for: .security, log.list),
      admin.get("/api/admin/security-log/export", for: .administrators, log.export),
      admin.get("/api/admin/alerts", for: .everybody, ListAlerts(alerts: alerts).respond),
      admin.post(
        "/api/admin/alerts/{id}/resolve", for: .security,
        ResolveAlert(oversight: oversight).respond),

      // What is allowed
      admin.get(
        "/api/admin/abuse-rules", for: .everybody, ShowAbuseRules(rules: rules).respond),
      admin.put(
        "/api/admin/abuse-rules", for: .security,
        ChangeAbuseRules(rules: rules, approvals: approvals).respond),
      admin.get(
        "/api/admin/providers", for: .everybody, ListProviders(providers: providers).respond),
      admin.post(
        "/api/admin/providers/{name}/test", for: .security,
        TestProvider(providers: providers, oversight: oversight).respond),
      admin.get("/api/admin/api-keys", for: .administrators, ListKeys(keys: keys).respond),
      admin.post(
        "/api/admin/api-keys", for: .administrators, CreateKey(approvals: approvals).respond),
      admin.delete(
        "/api/admin/api-keys", for: .administrators, RevokeKey(oversight: oversight).respond),
      admin.delete(
        "/api/admin/api-keys/{id}", for: .administrators, RevokeKey(oversight: oversight).respond),
      admin.get(
        "/api/admin/approvals", for: .security, ListApprovals(approvals: approvals).respond),
      admin.post(
        "/api/admin/approvals/{id}/approve", for: .security,
        DecideApproval(approvals: approvals, isApproved: true).respond),
      admin.post(
        "/api/admin/approvals/{id}/reject", for: .security,
        DecideApproval(approvals: approvals, isApproved: false).respond),
    ]
  }
}
