import Countersign
import FoundationEssentials

/// What is shown of a notification.
private struct Item: Encodable {
  let notificationId: Notification.ID
  let type: AccountEvent.Kind
  let data: EventData
  let createdAt: Date

  init(_ shown: Notification.Shown) {
    notificationId = shown.id
    type = shown.kind
    data = shown.data
    createdAt = shown.createdAt
  }
}

/// GET /api/notifications: the owner's own, newest first.
struct ListNotifications {
  let notifications: Notifications
  let gate: SessionGate

  private static let largestPage = 100

  private struct Answer: Encodable {
    let notifications: [Item]
    let nextCursor: OrNull<Notification.ID>
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.required(request)
    var limit = 20
    if let text = try request.queryValue("limit") {
      guard let number = Int(text), (1...Self.largestPage).contains(number) else {
        throw Rejection(.invalidField, field: "limit")
      }
      limit = number
    }
    var cursor: Notification.ID?
    if let text = try request.queryValue("cursor") {
      cursor = Notification.ID(text)
      guard cursor != nil else { throw Rejection(.invalidField, field: "cursor") }
    }
    let found = try notifications.list(of: session.account.id, before: cursor, limit: limit)
    return try .json(
      Answer(
        notifications: found.map(Item.init),
        nextCursor: OrNull(found.count == limit ? found.last?.id : nil)))
  }
}

/// GET /api/notifications/{id}, for the host and for its owner: the event, and what became of each
/// message.
struct ShowNotification {
  let notifications: Notifications
  let gate: SessionGate
  let host: HostGate

  private struct Answer: Encodable {
    let notificationId: Notification.ID
    let userId: Account.ID
    let type: AccountEvent.Kind
    let data: EventData
    let createdAt: Date
    let messages: [Notification.Message]
    let skipped: [Notification.Skip]
  }

  func respond(to request: Request) throws -> Response {
    let owner: Account.ID?
    if request.isHosts {
      try host.require(request)
      owner = nil
    } else {
      owner = try gate.required(request).account.id
    }
    guard let id = request.parameters["id"].flatMap({ Notification.ID($0) }),
      let (shown, messages, skipped) = try notifications.find(id),
      owner == nil || owner == shown.account
    else { throw Rejection(.notFound) }
    return try .json(
      Answer(
        notificationId: shown.id, userId: shown.account, type: shown.kind, data: shown.data,
        createdAt: shown.createdAt, messages: messages, skipped: skipped))
  }
}
