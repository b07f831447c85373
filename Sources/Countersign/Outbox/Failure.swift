/// Why a message was not sent or not delivered, in our words; the raw value is stored and shown,
/// the provider's own number beside it.
package enum Failure: String, Sendable {
  case destinationInvalid = "destination_invalid"
  case destinationNotSMSCapable = "destination_not_sms_capable"
  case destinationUnreachable = "destination_unreachable"
  case destinationUnknown = "destination_unknown"
  case destinationOptedOut = "destination_opted_out"
  case destinationBounced = "destination_bounced"
  case regionNotSupported = "region_not_supported"
  case blockedByRiskPolicy = "blocked_by_risk_policy"
  case providerRateLimited = "provider_rate_limited"
  case providerAuthFailed = "provider_auth_failed"
  case providerMisconfigured = "provider_misconfigured"
  case providerUnavailable = "provider_unavailable"
  case providerRequestRejected = "provider_request_rejected"
  case outcomeUnknown = "provider_outcome_unknown"
  case expired = "expired"

  /// True when another provider may take what this one will not: the fault is not the destination's.
  var isOfProvider: Bool {
    switch self {
    case .destinationOptedOut, .regionNotSupported, .blockedByRiskPolicy, .providerRateLimited,
      .providerAuthFailed, .providerMisconfigured, .providerUnavailable, .providerRequestRejected:
      true
    case .destinationInvalid, .destinationNotSMSCapable, .destinationUnreachable,
      .destinationUnknown, .destinationBounced, .outcomeUnknown, .expired:
      false
    }
  }

  /// True when a call may arrive where the text did not. A number that is blocked or unwanted is not called in its
  /// stead, which would cost more.
  var isWorthCalling: Bool {
    switch self {
    case .destinationNotSMSCapable, .destinationUnreachable, .destinationUnknown: true
    default: false
    }
  }

  /// True when nothing will go out until an operator does something.
  package var needsOperator: Bool {
    switch self {
    case .providerAuthFailed, .providerMisconfigured, .providerRequestRejected: true
    default: false
    }
  }
}
