package import FoundationEssentials

/// Who wants no messages from which of our senders, and whose address takes none.
///
/// Somebody who answers STOP has stopped one sender of ours and no other; another that is configured
/// may still reach them. An address that returned our mail, or reported it, gets no more, but for what is told of
/// security and arrives.
package struct Consent {
  private let store: ConsentStore
  private let phones: PhoneVault
  private let vault: MessageVault
  private let configuration: Configuration

  package init(_ connection: Connection, _ configuration: Configuration) {
    store = ConsentStore(connection: connection)
    phones = PhoneVault(configuration.keys)
    vault = MessageVault(keys: configuration.keys)
    self.configuration = configuration
  }

  /// Why a destination is sent nothing; the raw value is stored and shown.
  package enum Reason: String, Sendable, Encodable {
    case optedOut = "opted_out"
    case bounced = "bounced"
    case reportedSpam = "spam_report"
    case unsubscribed = "unsubscribed"
  }

  /// All mail, whoever carries it: the address is at fault, not the way to it.
  static let mailSender = "*"

  /// The channels on which nothing may be sent, and why.
  func reasons(
    _ number: PhoneNumber?, _ email: String?
  ) throws -> [OutgoingMessage.Channel: Reason] {
    let phone = try number.map { try phones.hash($0) } ?? []
    let mail = try email.map { try vault.hash(email: $0) } ?? []
    var reasons: [OutgoingMessage.Channel: Reason] = [:]
    var stopped: Set<String> = []
    for (hash, sender, reason) in try store.find([phone, mail]) {
      if sender == Self.mailSender {
        if hash == mail { reasons[.email] = Reason(rawValue: reason) ?? .bounced }
      } else if hash == phone {
        stopped.insert(sender)
      }
    }
    guard let number, !stopped.isEmpty else { return reasons }
    let senders = configuration.textSenders(to: number.e164, number.region)
    if !senders.isEmpty, senders.allSatisfy({ isStopped($0, stopped) }) {
      reasons[.sms] = .optedOut
    }
    return reasons
  }

  /// The senders that holders of numbers have stopped.
  func stopped(_ hashes: [[UInt8]]) throws -> [[UInt8]: Set<String>] {
    guard !hashes.isEmpty else { return [:] }
    var stopped: [[UInt8]: Set<String>] = [:]
    for (hash, sender, _) in try store.find(hashes) where sender != Self.mailSender {
      stopped[hash, default: []].insert(sender)
    }
    return stopped
  }

  /// True when a sender may not text somebody who has stopped some. A name cannot be answered: whoever has stopped
  /// any sender of ours has stopped that one too.
  func isStopped(_ sender: String?, _ stopped: Set<String>) -> Bool {
    guard let sender, !stopped.isEmpty else { return false }
    let isName = sender.split(separator: ":").last?.contains { $0.isLetter } == true
    return stopped.contains(sender) || isName && !sender.hasPrefix("MG")
  }

  /// True when no sender of ours may text a number.
  func isOptedOut(_ number: PhoneNumber) throws -> Bool {
    try reasons(number, nil)[.sms] != nil
  }

  /// What somebody answered to a sender of ours.
  package enum Word: String, Sendable {
    case stop, start, help

    /// The word that is all of a text, as Twilio reads it; nil for anything else. "Stop, this was not me" is no
    /// wish to hear less.
    package init?(text: String) {
      let words = text.split { $0.isWhitespace || $0.isPunctuation }
      guard words.count == 1 else { return nil }
      switch words[0].uppercased() {
      case "STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT":
        self = .stop
      case "START", "UNSTOP": self = .start
      case "HELP", "INFO": self = .help
      default: return nil
      }
    }
  }

  /// Records what somebody wrote to senders of ours, once for each message.
  ///
  /// - Parameter senders: our number, and the service it belongs to.
  package func record(
    _ word: Word?, from number: String, to senders: [String], sid: String, at now: Date
  ) throws {
    guard let first = senders.first, let person = PhoneNumber(number, region: "ZZ") else { return }
    let hash = try phones.hash(person)
    try store.transaction {
      guard try store.insertInbound(sid, first, hash, word?.rawValue, at: now) else { return }
      for sender in senders {
        switch word {
        case .stop: try store.suppress(hash, sender, Reason.optedOut.rawValue, at: now)
        case .start: try store.release(hash, sender)
        case .help, nil: break
        }
      }
    }
  }

  /// What stands against messages to somebody, for an operator: the sender, the reason, and since when.
  package func list(_ number: PhoneNumber?, _ email: String?) throws -> [(
    sender: String, reason: String, since: Date
  )] {
    try store.list(try hash(number, email))
  }

  /// Lets messages go to somebody again, at an operator's word. A provider that keeps a list of its own still
  /// refuses.
  ///
  /// - Returns: how many reasons there were.
  package func release(_ number: PhoneNumber?, _ email: String?) throws -> Int {
    try store.release(try hash(number, email))
  }

  private func hash(_ number: PhoneNumber?, _ email: String?) throws -> [UInt8] {
    if let number { return try phones.hash(number) }
    return try email.map { try vault.hash(email: $0) } ?? []
  }

  /// Notes that an address takes no more mail; called inside a transaction.
  package func suppressInTransaction(
    email: String, _ reason: Reason, at now: Date
  ) throws {
    try store.suppress(
      try vault.hash(email: email), Self.mailSender, reason.rawValue, at: now)
  }

  /// Notes that a provider says somebody has opted out of its sender; called inside a transaction.
  func suppressInTransaction(_ message: OutgoingMessage.ID, sender: String, at now: Date)
    throws(DatabaseError)
  {
    try store.suppress(message, sender, at: now)
  }
}
