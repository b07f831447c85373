import Countersign

/// What somebody wants to hear of, and where: by type of event and channel. What is not named is on.
private struct PreferencesAnswer: Encodable {
  let events: [String: [String: Bool]]

  init(without off: Set<Notification.Preference>) {
    var events: [String: [String: Bool]] = [:]
    for kind in TransactionEvent.Kind.allCases {
      for channel in kind.channels {
        let isOff = off.contains(Notification.Preference(kind: kind, channel: channel))
        events[kind.rawValue, default: [:]][channel.rawValue] = !isOff
      }
    }
    self.events = events
  }
}

/// GET /api/notifications/preferences
struct ShowPreferences {
  let notifications: Notifications
  let gate: SessionGate

  func respond(to request: Request) throws -> Response {
    let session = try gate.required(request)
    return try .json(
      PreferencesAnswer(without: try notifications.switchedOff(session.account.id)))
  }
}

/// PUT /api/notifications/preferences: what it does not name stays as it is.
struct SetPreferences {
  let notifications: Notifications
  let gate: SessionGate

  private struct Body: RequestBody {
    /// What is null is left as it is.
    let events: [String: [String: Bool?]?]

    enum CodingKeys: String, CodingKey, CaseIterable { case events }
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.required(request)
    let body: Body = try request.decode()
    var changes: [(Notification.Preference, Bool)] = []
    for (type, channels) in body.events {
      guard let kind = TransactionEvent.Kind(rawValue: type) else {
        throw Rejection(.invalidField, field: "events.\(type.prefix(40))")
      }
      for (name, isOn) in channels ?? [:] {
        guard let channel = OutgoingMessage.Channel(rawValue: name), kind.channels.contains(channel)
        else { throw Rejection(.invalidField, field: "events.\(type).\(name.prefix(40))") }
        if let isOn {
          changes.append((Notification.Preference(kind: kind, channel: channel), isOn))
        }
      }
    }
    for (preference, isOn) in changes {
      try notifications.set(preference, of: session.account.id, isOn: isOn)
    }
    return try .json(
      PreferencesAnswer(without: try notifications.switchedOff(session.account.id)))
  }
}
