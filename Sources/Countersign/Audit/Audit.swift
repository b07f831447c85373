package import FoundationEssentials
package import Logging

/// The log of what administrators do and look at, which can be trusted: each entry's MAC covers the entry before it, under a key
/// that is not in the database.
///
/// An entry is added in the transaction of what it tells of, before anything else is done there: what cannot be written
/// down does not happen. The end of the chain is one row, which whoever adds holds until then; administrators are few.
package struct Audit {
  private let store: AuditStore
  private let keys: KeyRing
  private let log: Logger

  package init(_ connection: Connection, _ configuration: Configuration, _ log: Logger) {
    store = AuditStore(connection: connection)
    keys = configuration.keys
    self.log = log
  }

  /// Writes an act down; called inside a transaction.
  ///
  /// The log line has the entry before, which is committed: kept away from this machine, those lines show a
  /// log that was cut off at its end (`audit verify --anchor`).
  package func record(_ event: AuditEvent, by actor: AuditActor, at now: Date) throws {
    let head = try store.lockedHead()
    log.notice("audit", metadata: ["event": "\(event.kind.rawValue)", "after": "\(head)"])
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let unsigned = AuditEntry(
      sequence: head.sequence + 1, at: Date(microseconds: now.microseconds),
      event: event.kind.rawValue, severity: event.kind.severity, adminID: actor.id,
      adminEmail: actor.email, targetID: event.target?.id, targetEmail: event.target?.email,
      description: event.kind.sentence,
      metadata: String(decoding: try encoder.encode(event.details), as: UTF8.self),
      address: actor.address, requestID: actor.requestID, keyID: keys.current.id,
      previous: head.mac, mac: [])
    try store.insert(unsigned.signed(try mac(unsigned, at: unsigned.sequence)))
  }

  private func mac(_ entry: AuditEntry, at sequence: Int) throws -> [UInt8] {
    try keys.mac(.audit, key: entry.keyID, entry.fields(at: sequence))
  }

  /// Under a key that there is none of, nothing is.
  private func isAuthentic(_ entry: AuditEntry, at sequence: Int) -> Bool {
    (try? mac(entry, at: sequence)).map { ConstantTime.equal($0, entry.mac) } ?? false
  }

  /// The newest entries that are asked for, before one.
  package func list(_ filter: AuditFilter, before sequence: Int?, limit: Int) throws -> [AuditEntry]
  {
    try store.list(filter, before: sequence, limit: limit)
  }

  /// The entries after one, in order.
  package func page(after sequence: Int, limit: Int) throws -> [AuditEntry] {
    try store.page(after: sequence, limit: limit)
  }

  // MARK: Verifying

  /// Something that is not as it was written.
  package enum Fault: Sendable, Equatable, CustomStringConvertible {
    case changed(Int)
    /// What stands at one place was written at another.
    case moved(Int, from: Int)
    case missing(ClosedRange<Int>)
    /// Behind the end of the chain, or linked to nothing that is there.
    case foreign(Int)
    /// The anchor that was noted elsewhere is not in the chain.
    case anchorLost(Int)

    /// Where in the log it is.
    package var place: Int {
      switch self {
      case .changed(let place), .moved(let place, _), .foreign(let place), .anchorLost(let place):
        place
      case .missing(let places): places.lowerBound
      }
    }

    package var description: String {
      switch self {
      case .changed(let place): "entry \(place) was changed"
      case .moved(let place, let from):
        "entry \(place) is the one that was written as entry \(from)"
      case .missing(let places):
        places.count == 1
          ? "entry \(places.lowerBound) is missing"
          : "entries \(places.lowerBound) to \(places.upperBound) are missing"
      case .foreign(let place): "entry \(place) was not added to the chain"
      case .anchorLost(let place): "entry \(place) is not the one that was noted"
      }
    }
  }

  /// What a look at the whole log found.
  package struct Finding: Sendable {
    package var entries = 0
    /// The end of the chain, to be noted elsewhere; nil in a log that nobody has begun.
    package var head: AuditAnchor?
    package var faults: [Fault] = []
  }

  /// Looks at every entry, in order.
  ///
  /// - Parameter anchor: a place in the chain that was noted elsewhere. Without one, a log that was cut off at its end together
  ///   with what says where that is cannot be told from a shorter one.
  package func verify(against anchor: AuditAnchor? = nil) throws -> Finding {
    var finding = Finding()
    var last = AuditAnchor(sequence: 0, mac: Array(repeating: 0, count: 32))
    finding.faults += try store.numbersBelowOne().map(Fault.foreign)
    var broken: [AuditEntry] = []
    var isLastSound = true
    var holdsAnchor = anchor == nil || anchor == last
    while case let page = try store.page(after: last.sequence, limit: 1_000), !page.isEmpty {
      for entry in page {
        if entry.sequence > last.sequence + 1 {
          finding.faults.append(.missing(last.sequence + 1...entry.sequence - 1))
          isLastSound = false
        }
        let isSound = isAuthentic(entry, at: entry.sequence)
        if !isSound {
          broken.append(entry)
        } else if isLastSound, entry.previous != last.mac {
          finding.faults.append(.foreign(entry.sequence))
        }
        isLastSound = isSound
        last = AuditAnchor(sequence: entry.sequence, mac: entry.mac)
        if last == anchor { holdsAnchor = isSound }
        finding.entries += 1
      }
    }
    // Entries may have been added while it was read, and none of them before its end was.
    finding.head = try store.head()
    let end = finding.head?.sequence ?? 0
    finding.faults += broken.filter { $0.sequence > end }.map { .foreign($0.sequence) }
    broken.removeAll { $0.sequence > end }
    if last.sequence > end, isLastSound { finding.faults.append(.foreign(last.sequence)) }
    while last.sequence < end, let entry = try store.page(after: last.sequence, limit: 1).first,
      entry.sequence == last.sequence + 1, isAuthentic(entry, at: entry.sequence),
      entry.previous == last.mac
    {
      last = AuditAnchor(sequence: entry.sequence, mac: entry.mac)
      finding.entries += 1
    }
    if last.sequence < end { finding.faults.append(.missing(last.sequence + 1...end)) }
    if let anchor, !holdsAnchor { finding.faults.append(.anchorLost(anchor.sequence)) }
    finding.faults += broken.map { explain($0, among: broken) }
    // The last one's MAC is also in the head.
    if last.sequence == end, isLastSound, let head = finding.head, head != last {
      finding.faults.append(.changed(end))
    }
    return finding
  }

  /// What happened to an entry that is not as it was written; few are, or it does not matter which.
  private func explain(_ entry: AuditEntry, among broken: [AuditEntry]) -> Fault {
    for other in broken.prefix(200) where other.sequence != entry.sequence {
      if isAuthentic(entry, at: other.sequence) {
        return .moved(entry.sequence, from: other.sequence)
      }
    }
    return .changed(entry.sequence)
  }
}

extension AuditEntry {
  fileprivate func signed(_ mac: [UInt8]) -> AuditEntry {
    AuditEntry(
      sequence: sequence, at: at, event: event, severity: severity, adminID: adminID,
      adminEmail: adminEmail, targetID: targetID, targetEmail: targetEmail,
      description: description, metadata: metadata, address: address, requestID: requestID,
      keyID: keyID, previous: previous, mac: mac)
  }
}
