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
  /// The provider's own limit of codes to a number.
  case sendLimitReached = "send_limit_reached"
  /// The provider's own limit of tries at a code.
  case checkLimitReached = "check_limit_reached"
  /// The provider's own limits of apps bound to an account, and of codes of an app judged in a day.
  case factorLimitReached = "factor_limit_reached"
  case challengeLimitReached = "challenge_limit_reached"
  /// The provider has a code alive for the number, for something else.
  case verificationInProgress = "verification_in_progress"
  case providerRateLimited = "provider_rate_limited"
  case providerAuthFailed = "provider_auth_failed"
  case providerAccountProblem = "provider_account_problem"
  case providerMisconfigured = "provider_misconfigured"
  case providerUnavailable = "provider_unavailable"
  case providerRequestRejected = "provider_request_rejected"
  case outcomeUnknown = "provider_outcome_unknown"
  case expired = "expired"

  /// True when another provider may take what this one will not: the fault is not the destination's. What a
  /// provider stops as fraud is not carried past it by another.
  var isOfProvider: Bool {
    switch self {
    case .destinationOptedOut, .regionNotSupported, .verificationInProgress, .providerRateLimited,
      .providerAuthFailed, .providerAccountProblem, .providerMisconfigured, .providerUnavailable,
      .providerRequestRejected:
      true
    case .destinationInvalid, .destinationNotSMSCapable, .destinationUnreachable,
      .destinationUnknown, .destinationBounced, .blockedByRiskPolicy, .sendLimitReached,
      .checkLimitReached, .factorLimitReached, .challengeLimitReached, .outcomeUnknown, .expired:
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
    case .providerAuthFailed, .providerAccountProblem, .providerMisconfigured,
      .providerRequestRejected:
      true
    default: false
    }
  }

  /// What who asked for a code, and may know, is told of it: the kind of trouble, and never the provider's own
  /// words. What an operator has to mend is all one to the caller.
  var rejection: Rejection {
    switch self {
    case .destinationInvalid: Rejection(.destinationInvalid, field: "phoneNumber")
    case .destinationNotSMSCapable: Rejection(.destinationNotSMSCapable, field: "phoneNumber")
    case .destinationUnreachable: Rejection(.destinationUnreachable)
    case .destinationUnknown, .destinationBounced: Rejection(.destinationUnknown)
    case .destinationOptedOut: Rejection(.optedOut)
    case .regionNotSupported: Rejection(.regionNotSupported)
    // Twilio's Fraud Guard lifts a block by itself, after five minutes to twelve hours.
    case .blockedByRiskPolicy: Rejection(.blockedByRiskPolicy, retryAfter: 900)
    // Providers count within the ten minutes that a code of theirs lives.
    case .sendLimitReached: Rejection(.sendLimitReached, retryAfter: 600)
    case .checkLimitReached: Rejection(.challengeExhausted)
    case .factorLimitReached: Rejection(.factorLimitReached, retryAfter: 3_600)
    case .challengeLimitReached: Rejection(.challengeLimitReached, retryAfter: 3_600)
    case .verificationInProgress: Rejection(.verificationInProgress, retryAfter: 30)
    case .providerRateLimited: Rejection(.providerRateLimited, retryAfter: 5)
    case .providerUnavailable: Rejection(.providerUnavailable, retryAfter: 5)
    case .providerAuthFailed, .providerAccountProblem: Rejection(.providerFailed)
    case .providerMisconfigured: Rejection(.channelUnavailable)
    case .providerRequestRejected: Rejection(.providerRequestRejected)
    case .outcomeUnknown: Rejection(.providerOutcomeUnknown)
    case .expired: Rejection(.sendRefused)
    }
  }

  /// The same where a code was to be judged, which says nothing of a destination.
  var rejectionOfCheck: Rejection {
    switch self {
    case .checkLimitReached, .factorLimitReached, .challengeLimitReached, .providerRateLimited,
      .providerUnavailable, .providerAuthFailed, .providerAccountProblem, .providerMisconfigured,
      .outcomeUnknown:
      rejection
    default: Rejection(.providerRequestRejected)
    }
  }

  /// True when a provider that says so has not looked at the code it was given.
  var leavesCodeUnjudged: Bool {
    switch self {
    case .checkLimitReached, .factorLimitReached, .challengeLimitReached, .providerRateLimited,
      .providerUnavailable, .providerAuthFailed, .providerAccountProblem, .providerMisconfigured:
      true
    default: false
    }
  }

  /// What an HTTP status says that came without a reason of the provider's.
  init(httpStatus status: Int) {
    switch status {
    case 401: self = .providerAuthFailed
    case 402: self = .providerAccountProblem
    case 403: self = .providerMisconfigured
    case 429: self = .providerRateLimited
    case 500...: self = .providerUnavailable
    default: self = .providerRequestRejected
    }
  }
}
