package import FoundationEssentials

extension Date {
  /// RFC 3339 in UTC with milliseconds: `2026-01-31T09:05:00.000Z`.
  package var rfc3339: String {
    formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }

  /// RFC 5322 section 3.3, in UTC: `Sat, 31 Jan 2026 09:05:00 +0000`.
  package var rfc5322: String {
    let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    let text = rfc3339
    // 1 January 1970 was a Thursday.
    let day = Int((timeIntervalSince1970 / 86_400).rounded(.down))
    let month = Int(text.dropFirst(5).prefix(2)) ?? 1
    return
      "\(days[(day % 7 + 7) % 7]), \(text.dropFirst(8).prefix(2)) \(months[month - 1]) \(text.prefix(4)) \(text.dropFirst(11).prefix(8)) +0000"
  }
}
