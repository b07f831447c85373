extension Failure {
  /// From Twilio's number, of an answer or of a callback.
  package init(twilioCode code: Int?) {
    switch code {
    case 21211, 21217, 60200: self = .destinationInvalid
    case 21614, 30006, 60205: self = .destinationNotSMSCapable
    case 21612, 30003: self = .destinationUnreachable
    case 30005: self = .destinationUnknown
    case 21610: self = .destinationOptedOut
    case 21408, 21215, 60605: self = .regionNotSupported
    case 30450, 30453, 60410, 60412: self = .blockedByRiskPolicy
    case 20429, 21611, 30001, 30022: self = .providerRateLimited
    case 20003, 20005, 20006, 20008, 30002: self = .providerAuthFailed
    case 21212, 21606, 21608, 21657, 21660, 21701, 21702, 21703, 21704, 21705, 30007, 30018, 30024,
      30032, 30033, 30034,
      30035, 30044, 572_002, 572_005, 572_006:
      self = .providerMisconfigured
    case 20500, 20503, 30008, 30017, 30410: self = .providerUnavailable
    default: self = .providerRequestRejected
    }
  }
}
