import Countersign

extension OutgoingMessage.Channel {
  /// The channel that a caller names for a code; text messages when it names none.
  ///
  /// - Throws: `invalid_field`.
  static func ofCode(_ name: String?) throws(Rejection) -> OutgoingMessage.Channel {
    switch name {
    case nil, "sms": .sms
    case "call": .call
    default: throw Rejection(.invalidField, field: "channel")
    }
  }
}
