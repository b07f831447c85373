import Countersign

/// POST /api/notifications/payment-sent, payment-received, and low-balance: one kind of event each, its
/// fields beside the user.
struct NotifyTransaction {
  let kind: AccountEvent.Kind
  let host: HostGate
  let sending: EventSending

  private struct Body: RequestBody {
    let userId: String
    let urgent: Bool?
    let fields: EventFields

    enum CodingKeys: String, CodingKey, CaseIterable {
      case userId, urgent
      case amount, currency, recipient, sender, balance, threshold, transactionId
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      userId = try container.decode(String.self, forKey: .userId)
      urgent = try container.decodeIfPresent(Bool.self, forKey: .urgent)
      fields = try EventFields(from: decoder)
    }
  }

  func respond(to request: Request) throws -> Response {
    try host.once(request, sending.notifications) {
      let body: Body = try request.decode()
      return .success(
        try .json(
          try sending.send(kind, to: body.userId, body.fields, isUrgent: body.urgent, request),
          .accepted))
    }
  }
}

/// An event with its kind.
struct TypedEvent: RequestBody {
  let type: String
  let userId: String
  let data: NestedBody<EventFields>?
  let urgent: Bool?

  enum CodingKeys: String, CodingKey, CaseIterable { case type, userId, data, urgent }

  /// Sends it; called inside a transaction.
  ///
  /// - Throws: `invalid_field`, also for a kind that the host does not tell of; `user_unknown`.
  func send(_ sending: EventSending, _ request: Request) throws -> NotifiedAnswer {
    guard let kind = AccountEvent.Kind(rawValue: type) else {
      throw Rejection(.invalidField, field: "type")
    }
    do {
      return try sending.send(
        kind, to: userId, data?.value ?? EventFields.none, isUrgent: urgent, request)
    } catch let rejection as Rejection where rejection.reason == .invalidField {
      guard let field = rejection.field, field != "userId", field != "type" else {
        throw rejection
      }
      throw rejection.naming("data.\(field)")
    }
  }
}

/// POST /api/notifications/events
struct NotifyEvent {
  let host: HostGate
  let sending: EventSending

  func respond(to request: Request) throws -> Response {
    try host.once(request, sending.notifications) {
      let event: TypedEvent = try request.decode()
      return .success(try .json(try event.send(sending, request), .accepted))
    }
  }
}

/// POST /api/notifications/batch: a result an event, in their order. What is wrong with one keeps no other
/// from being sent.
struct NotifyBatch {
  let host: HostGate
  let sending: EventSending

  /// Events in a request, at most.
  static let maximumEvents = 1_000
  /// The longest request, in bytes: that many events with long names.
  static let maximumBody = 1024 * 1024

  private struct Body: RequestBody {
    let events: [Item]
    enum CodingKeys: String, CodingKey, CaseIterable { case events }
  }

  /// An event, or what is wrong with it.
  private struct Item: Decodable {
    let event: Result<TypedEvent, Rejection>

    init(from decoder: any Decoder) throws {
      do {
        event = .success(try NestedBody<TypedEvent>(from: decoder).value)
      } catch let rejection as Rejection {
        event = .failure(rejection.naming(Self.within(rejection.field ?? "")))
      } catch let error as DecodingError {
        event = .failure(Rejection(.invalidField, field: Self.within(Request.field(of: error))))
      }
    }

    /// A field's name inside its event: `events.Index 3.data.amount` is `data.amount`.
    private static func within(_ field: String) -> String {
      field.split(separator: ".").dropFirst(2).joined(separator: ".")
    }
  }

  private struct Refused: Encodable {
    let success = false
    let code: String
    let error: String
    let field: String?

    init(_ rejection: Rejection) {
      code = rejection.reason.code
      error = rejection.reason.answer.sentence
      field = rejection.field.flatMap { $0.isEmpty ? nil : $0 }
    }
  }

  private enum Outcome: Encodable {
    case sent(NotifiedAnswer)
    case refused(Refused)

    private enum CodingKeys: String, CodingKey { case status }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      switch self {
      case .sent(let answer):
        try container.encode(202, forKey: .status)
        try answer.encode(to: encoder)
      case .refused(let refused):
        try container.encode(refused.code == "user_unknown" ? 404 : 400, forKey: .status)
        try refused.encode(to: encoder)
      }
    }
  }

  private struct Answer: Encodable {
    let success = true
    let results: [Outcome]
  }

  func respond(to request: Request) throws -> Response {
    try host.once(request, sending.notifications) {
      let body: Body = try request.decode()
      guard (1...Self.maximumEvents).contains(body.events.count) else {
        throw Rejection(.invalidField, field: "events")
      }
      let results = try body.events.map { item in
        // Anything but a rejection undoes all of them.
        do {
          return Outcome.sent(try item.event.get().send(sending, request))
        } catch let rejection as Rejection {
          return .refused(Refused(rejection))
        }
      }
      return .success(try .json(Answer(results: results), .multiStatus))
    }
  }
}
