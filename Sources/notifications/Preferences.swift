import Countersign

/// What somebody wants to hear of, where, and when. What is about security is listed, and cannot be
/// switched off.
private struct PreferencesAnswer: Encodable {
  let events: [String: [String: Bool]]
  let alwaysOn: [AccountEvent.Kind]
  let quietHours: OrNull<QuietHours>
  let lowBalanceThreshold: OrNull<Threshold>

  struct QuietHours: Encodable {
    let from: String
    let until: String
    let timeZone: String
  }

  struct Threshold: Encodable {
    let amount: Int
    let currency: String
  }

  init(_ preferences: NotificationPreferences) {
    var events: [String: [String: Bool]] = [:]
    for kind in AccountEvent.Kind.allCases where !kind.isSecurity {
      for channel in kind.channels {
        let choice = NotificationPreferences.Choice(kind: kind, channel: channel)
        events[kind.rawValue, default: [:]][channel.rawValue] = !preferences.off.contains(choice)
      }
    }
    self.events = events
    alwaysOn = AccountEvent.Kind.allCases.filter(\.isSecurity)
    quietHours = OrNull(
      preferences.quietHours.map {
        QuietHours(
          from: NotificationPreferences.QuietHours.text($0.from),
          until: NotificationPreferences.QuietHours.text($0.until), timeZone: $0.timeZone)
      })
    lowBalanceThreshold = OrNull(
      preferences.threshold.map { Threshold(amount: $0.amount, currency: $0.currency.code) })
  }
}

/// GET /api/notifications/preferences
struct ShowPreferences {
  let notifications: Notifications
  let gate: SessionGate

  func respond(to request: Request) throws -> Response {
    let session = try gate.required(request)
    return try .json(
      PreferencesAnswer(try notifications.preferences(of: session.account.id)))
  }
}

/// PUT /api/notifications/preferences: what it does not name stays as it is; `null` ends quiet hours and the
/// threshold.
struct SetPreferences {
  let notifications: Notifications
  let gate: SessionGate

  private struct Body: RequestBody {
    /// What is null is left as it is.
    let events: [String: [String: Bool?]?]?
    let quietHours: NestedBody<QuietHours>??
    let lowBalanceThreshold: NestedBody<Threshold>??

    enum CodingKeys: String, CodingKey, CaseIterable {
      case events, quietHours, lowBalanceThreshold
    }

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      events = try fields.decodeIfPresent([String: [String: Bool?]?].self, forKey: .events)
      quietHours =
        fields.contains(.quietHours)
        ? .some(try fields.decodeIfPresent(NestedBody<QuietHours>.self, forKey: .quietHours))
        : nil
      lowBalanceThreshold =
        fields.contains(.lowBalanceThreshold)
        ? .some(
          try fields.decodeIfPresent(NestedBody<Threshold>.self, forKey: .lowBalanceThreshold))
        : nil
    }
  }

  private struct QuietHours: RequestBody {
    let from: String
    let until: String
    let timeZone: String

    enum CodingKeys: String, CodingKey, CaseIterable { case from, until, timeZone }
  }

  private struct Threshold: RequestBody {
    let amount: Int
    let currency: String?

    enum CodingKeys: String, CodingKey, CaseIterable { case amount, currency }
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.required(request)
    let body: Body = try request.decode()
    var change = NotificationPreferences.Change()
    change.events = try Self.events(body.events ?? [:])
    if let hours = body.quietHours {
      change.quietHours = .some(
        try hours.map {
          try NotificationPreferences.QuietHours(
            from: $0.value.from, until: $0.value.until, timeZone: $0.value.timeZone)
        })
    }
    if let threshold = body.lowBalanceThreshold {
      change.threshold = .some(
        try threshold.map {
          guard let currency = Currency($0.value.currency ?? session.account.currency) else {
            throw Rejection(.invalidField, field: "lowBalanceThreshold.currency")
          }
          do throws(Rejection) {
            return try AccountEvent.threshold($0.value.amount, currency)
          } catch {
            throw error.naming("lowBalanceThreshold.amount")
          }
        })
    }
    try notifications.change(change, of: session.account.id)
    return try .json(
      PreferencesAnswer(try notifications.preferences(of: session.account.id)))
  }

  private static func events(
    _ events: [String: [String: Bool?]?]
  ) throws(Rejection) -> [(NotificationPreferences.Choice, Bool)] {
    var changes: [(NotificationPreferences.Choice, Bool)] = []
    for (type, channels) in events {
      guard let kind = AccountEvent.Kind(rawValue: type), !kind.isSecurity else {
        throw Rejection(.invalidField, field: "events.\(type.prefix(40))")
      }
      for (name, isOn) in channels ?? [:] {
        guard let channel = OutgoingMessage.Channel(rawValue: name), kind.channels.contains(channel)
        else { throw Rejection(.invalidField, field: "events.\(type).\(name.prefix(40))") }
        if let isOn {
          changes.append((NotificationPreferences.Choice(kind: kind, channel: channel), isOn))
        }
      }
    }
    return changes
  }
}
