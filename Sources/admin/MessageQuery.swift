import Countersign
import FoundationEssentials

/// Which messages a request asks for.
struct MessageQuery {
  let defaultRegion: String

  func filter(_ request: Request) throws -> MessageFilter {
    var filter = MessageFilter()
    filter.account = try request.id("userId")
    filter.kind = try word(request, "type", atMost: 32)
    filter.provider = try word(request, "provider", atMost: 16)
    if let text = try value(request, "channel") {
      guard let channel = OutgoingMessage.Channel(rawValue: text) else {
        throw Rejection(.invalidField, field: "channel")
      }
      filter.channel = channel
    }
    if let text = try value(request, "status") {
      guard let status = MessageStatus(rawValue: text) else {
        throw Rejection(.invalidField, field: "status")
      }
      filter.status = status
    }
    if let text = try value(request, "country") {
      guard PhoneNumber.isRegion(text.uppercased()) else {
        throw Rejection(.invalidField, field: "country")
      }
      filter.country = text.uppercased()
    }
    if let text = try value(request, "phone") { filter.phone = try phone(text) }
    filter.from = try request.time("from")
    filter.to = try request.time("to")
    return filter
  }

  private func value(_ request: Request, _ name: String) throws -> String? {
    try request.queryValue(name).flatMap { $0.isEmpty ? nil : $0 }
  }

  private func word(_ request: Request, _ name: String, atMost length: Int) throws -> String? {
    guard let text = try value(request, name) else { return nil }
    let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    guard isPlain, text.utf8.count <= length else { throw Rejection(.invalidField, field: name) }
    return text
  }

  /// A whole number, or its last two to four digits.
  private func phone(_ text: String) throws -> MessageFilter.Phone {
    let isDigits = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    if isDigits, (2...4).contains(text.utf8.count) { return .ending(text) }
    guard let number = PhoneNumber(text, region: defaultRegion) else {
      throw Rejection(.invalidField, field: "phone")
    }
    return .number(number)
  }

  /// What was asked for, as it is written down: of a number its end.
  func summary(_ request: Request, _ filter: MessageFilter) throws -> [String: String] {
    var summary: [String: String] = [:]
    for name in ["userId", "type", "channel", "status", "provider", "country", "from", "to"] {
      summary[name] = try value(request, name).map { String($0.unicodeScalars.prefix(64)) }
    }
    switch filter.phone {
    case .number(let number): summary["phone"] = number.masked
    case .ending(let digits): summary["phone"] = "…\(digits)"
    case nil: break
    }
    return summary
  }
}
