extension Failure {
  /// From Twilio's number, of an answer or of a callback.
  package init(twilioCode code: Int?) {
    switch code ?? 0 {
    case 21211, 21217, 60200: self = .destinationInvalid
    case 21614, 30006, 60205: self = .destinationNotSMSCapable
    case 21612, 30003, 60600, 60610: self = .destinationUnreachable
    case 30005: self = .destinationUnknown
    case 21610: self = .destinationOptedOut
    case 21408, 21215, 60605: self = .regionNotSupported
    case 30450, 30453, 60238, 60410, 60412: self = .blockedByRiskPolicy
    case 60203: self = .sendLimitReached
    case 60202, 60308, 60310: self = .checkLimitReached
    case 60315, 60326: self = .factorLimitReached
    case 60312: self = .challengeLimitReached
    case 60212: self = .verificationInProgress
    case 20429, 21611, 25109, 30001, 30022, 60626: self = .providerRateLimited
    case 20003, 20005, 20006, 20008, 30002: self = .providerAuthFailed
    case 60603: self = .providerAccountProblem
    case 21212, 21606, 21608, 21657, 21660, 21701, 21702, 21703, 21704, 21705, 30007, 30018, 30024,
      30032, 30033, 30034, 30035, 30044, 60204, 60207, 60209, 60210, 60211, 60220, 60222, 60223,
      60228, 60242, 60248, 60250, 68008, 572_000...572_099:
      self = .providerMisconfigured
    case 20500, 20503, 30008, 30017, 30410: self = .providerUnavailable
    default: self = .providerRequestRejected
    }
  }
}
