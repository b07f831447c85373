import FoundationEssentials
import Logging

/// Posts what is left for the host, through the courier's transfers.
final class EventPoster {
  private let connection: Connection
  private let store: HostEventStore
  /// Whoever there is to tell.
  private let posts: [HostEvent.Endpoint: HostEventPost]
  private let log: Logger
  private var posting = 0
  private var answered: [HostEventStore.Posted] = []
  /// There were more events than could be posted at once.
  private var isBacklog = false

  /// Events on their way at once: codes need the other places.
  private static let maximumPosts = 16
  /// A post takes ten seconds at most.
  private static let lease: TimeInterval = 15

  init(_ connection: Connection, _ configuration: Configuration, _ log: Logger) {
    self.connection = connection
    self.log = log
    store = HostEventStore(connection: connection)
    var posts: [HostEvent.Endpoint: HostEventPost] = [:]
    posts[.host] = configuration.hostEvents.map(HostEventPost.init)
    posts[.alerts] = configuration.alertURL.map(HostEventPost.init)
    self.posts = posts
  }

  /// True when more can be claimed at once, without waiting for a ring.
  var isReadyForMore: Bool { isBacklog && posting == 0 }

  /// True while an answer is not recorded.
  var isUnfinished: Bool { !answered.isEmpty }

  /// Claims what is due, as requests to be sent.
  func claim(at now: Date) throws -> [(TransferRequest, HostEventStore.Claimed)] {
    guard !posts.isEmpty, posting < Self.maximumPosts else { return [] }
    let free = Self.maximumPosts - posting
    let events = try connection.transaction {
      try store.claim(
        for: Array(posts.keys), limit: free, at: now, leaseUntil: now.addingTimeInterval(Self.lease)
      )
    }
    isBacklog = events.count == free
    posting += events.count
    return events.compactMap { event in
      posts[event.endpoint].map { ($0.request(event.body, at: now), event) }
    }
  }

  /// Takes what the host answered; it is recorded with the next ones.
  func take(
    _ event: HostEventStore.Claimed, _ result: Result<TransferResponse, TransferError>,
    at now: Date
  ) {
    posting -= 1
    let answer = if case .success(let response) = result { response.status } else { 0 }
    let isTaken = (200..<300).contains(answer)
    let due = isTaken ? nil : posts[event.endpoint]?.retry(attempts: event.attempts, at: now)
    if !isTaken {
      log.warning(
        due == nil ? "host was not told" : "host did not take an event",
        metadata: [
          "event_id": "\(event.id)", "answer": "\(answer)", "attempt": "\(event.attempts)",
        ])
    }
    answered.append(
      HostEventStore.Posted(event: event, answer: answer, isTaken: isTaken, due: due))
  }

  /// Records what was answered. What cannot be recorded is posted again when its lease ends, under its own id.
  func record(at now: Date) throws {
    guard !answered.isEmpty else { return }
    try connection.transaction {
      for posted in answered { try store.record(posted, at: now) }
    }
    answered = []
  }
}
