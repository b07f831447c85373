import Countersign
import FoundationEssentials

/// GET /api/admin/abuse-rules: where codes may go, and how many.
struct ShowAbuseRules {
  let rules: AbuseRules

  private struct Answer: Encodable {
    struct Number: Encodable {
      /// The beginning of its hash, by which it is kept in the list.
      let id: String
      let maskedPhone: String?
      let note: String
    }
    struct Data: Encodable {
      /// `*` for all.
      let configuredCountries: [String]
      let allowedCountries: [String]
      let blockedCountries: [String]
      let blockedPrefixes: [String]
      let blockedTypes: [String]
      let blockedNumbers: [Number]
      let limits: [String: Int]
      let changedLimits: [String]
    }
    let success = true
    let data: Data
  }

  func respond(to request: Request, by admin: Administrator) throws -> Response { try answer() }

  func answer() throws -> Response {
    let shown = try rules.show()
    func values(_ kind: String, isAllowed: Bool = false) -> [String] {
      shown.rules.filter { $0.kind == kind && $0.isAllowed == isAllowed }.map(\.value)
    }
    return try .json(
      Answer(
        data: Answer.Data(
          configuredCountries: shown.configuredCountries ?? ["*"],
          allowedCountries: values("country", isAllowed: true),
          blockedCountries: values("country"), blockedPrefixes: values("prefix"),
          blockedTypes: values("type"),
          blockedNumbers: shown.rules.filter { $0.kind == "number" }.map {
            Answer.Number(id: $0.value, maskedPhone: $0.maskedPhone, note: $0.note)
          }, limits: shown.limits, changedLimits: shown.changedLimits)))
  }
}

/// PUT /api/admin/abuse-rules: each list that is given takes the place of the one there is.
struct ChangeAbuseRules {
  let rules: AbuseRules
  let approvals: Approvals

  struct Body: RequestBody {
    let reason: String?
    let allowedCountries: [String]?
    let blockedCountries: [String]?
    let blockedPrefixes: [String]?
    let blockedTypes: [String]?
    let blockedNumbers: [String]?
    let limits: [String: Int?]?
    enum CodingKeys: String, CodingKey, CaseIterable {
      case reason, allowedCountries, blockedCountries, blockedPrefixes, blockedTypes
      case blockedNumbers, limits
    }
  }

  func respond(to request: Request, by admin: Administrator) throws -> Response {
    let body: Body = try request.decode()
    var wish = AbuseRules.Wish()
    wish.allowedCountries = body.allowedCountries
    wish.blockedCountries = body.blockedCountries
    wish.blockedPrefixes = body.blockedPrefixes
    wish.blockedTypes = body.blockedTypes
    wish.blockedNumbers = body.blockedNumbers
    wish.limits = body.limits
    let reason = try Reason(body.reason)
    let outcome = try approvals.perform(
      .changeAbuseRules(try rules.change(for: wish)), reason, by: admin)
    if case .done = outcome { return try ShowAbuseRules(rules: rules).answer() }
    return try .outcome(outcome, "")
  }
}
