/// Our domain's "no": a stable public code, and what the caller may know beside it.
///
/// Flows throw it, and the one table below turns it into a status and a sentence. Any other error
/// is a 500 that says nothing but its request id.
package struct Rejection: Error {
  package let reason: Reason
  /// The request field that is wrong.
  package var field: String?
  /// Seconds after which the same request may succeed; sent as `Retry-After`.
  package var retryAfter: Int?
  /// Fields that a route adds to the error envelope.
  package var details: [String: Detail] = [:]
  /// The limit that refused, for the log and for metrics; the caller is not told.
  package private(set) var limit: String?

  package init(_ reason: Reason, field: String? = nil, retryAfter: Int? = nil) {
    self.reason = reason
    self.field = field
    self.retryAfter = retryAfter
  }

  /// The same rejection with one more field in its envelope.
  package func adding(_ name: String, _ detail: Detail) -> Rejection {
    var rejection = self
    rejection.details[name] = detail
    return rejection
  }

  /// The same rejection, which a limit of this name made.
  func limited(by name: String) -> Rejection {
    var rejection = self
    rejection.limit = name
    return rejection
  }

  /// The same rejection of another field.
  package func naming(_ field: String) -> Rejection {
    var rejection = self
    rejection.field = field
    return rejection
  }

  /// The same rejection for another reason.
  func replacing(_ reason: Reason) -> Rejection {
    var rejection = Rejection(reason, field: field, retryAfter: retryAfter)
    rejection.details = details
    rejection.limit = limit
    return rejection
  }

  /// A field of a rejection's answer.
  package enum Detail: Sendable, Encodable {
    case bool(Bool)
    case int(Int)
    case text(String)
    case object([String: Detail])

    package func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .bool(let value): try container.encode(value)
      case .int(let value): try container.encode(value)
      case .text(let value): try container.encode(value)
      case .object(let value): try container.encode(value)
      }
    }
  }

  /// Why; the raw value is the public `code` unless that says otherwise, and never changes its
  /// meaning.
  package enum Reason: String, CaseIterable, Sendable {
    case malformedRequest = "malformed_request"
    case malformedBody = "malformed_body"
    case invalidField = "invalid_field"
    case unsupportedMediaType = "unsupported_media_type"
    case bodyTooLarge = "body_too_large"
    case notFound = "not_found"
    case methodNotAllowed = "method_not_allowed"
    case unauthenticated = "unauthenticated"
    case crossOrigin = "cross_origin"
    case insufficientScope = "insufficient_scope"
    case levelTooLow = "level_too_low"
    case roleRequired = "role_required"
    case ownAccount = "own_account"
    case accountLocked = "account_locked"
    case approvalOver = "approval_over"
    case credentialsInvalid = "credentials_invalid"
    case emailTaken = "email_taken"
    case externalIDTaken = "external_id_taken"
    case passwordRejected = "password_rejected"
    case phoneNotAllowed = "phone_not_allowed"
    case phoneMissing = "phone_missing"
    case phoneInUse = "phone_in_use"
    case noPhone = "no_phone"
    case phoneTokenInvalid = "phone_token_invalid"
    case codeIncorrect = "code_incorrect"
    /// The same where the code is what authenticates, as 401.
    case codeUnauthorized = "code_unauthorized"
    case challengeExpired = "challenge_expired"
    case challengeExhausted = "challenge_exhausted"
    case noSecondFactor = "no_second_factor"
    case stepUpRequired = "step_up_required"
    case passwordRequired = "password_required"
    case authorizationInvalid = "authorization_invalid"
    case detailsMismatch = "details_mismatch"
    case coolingOff = "cooling_off"
    case secondProofRequired = "second_proof_required"
    case phoneNotVerified = "phone_not_verified"
    case phoneIsSecondFactor = "phone_is_second_factor"
    case factorOn = "factor_on"
    case twoFactorOff = "two_factor_off"
    case appRequired = "app_required"
    case nothingToConfirm = "nothing_to_confirm"
    case userUnknown = "user_unknown"
    case codeNotAccepted = "code_not_accepted"
    case nothingPending = "nothing_pending"
    case resendTooSoon = "resend_too_soon"
    case sendLimitReached = "send_limit_reached"
    case proofRequired = "proof_required"
    case tooManyAttempts = "too_many_attempts"
    case sendRefused = "send_refused"
    case destinationInvalid = "destination_invalid"
    case destinationNotSMSCapable = "destination_not_sms_capable"
    case destinationUnreachable = "destination_unreachable"
    case destinationUnknown = "destination_unknown"
    case regionNotSupported = "region_not_supported"
    case blockedByRiskPolicy = "blocked_by_risk_policy"
    case verificationInProgress = "verification_in_progress"
    case factorLimitReached = "factor_limit_reached"
    case challengeLimitReached = "challenge_limit_reached"
    case channelUnavailable = "channel_unavailable"
    case providerRateLimited = "provider_rate_limited"
    case providerUnavailable = "provider_unavailable"
    /// The same where an operator has to do something first, as 502.
    case providerFailed = "provider_failed"
    case providerRequestRejected = "provider_request_rejected"
    case providerOutcomeUnknown = "provider_outcome_unknown"
    case optedOut = "destination_opted_out"
    case idempotencyMismatch = "idempotency_mismatch"
    case idempotencyInProgress = "idempotency_in_progress"
    case signatureInvalid = "signature_invalid"
    case unavailable = "unavailable"
    case busy = "busy"
    case internalError = "internal_error"

    /// The public code.
    package var code: String {
      switch self {
      case .codeUnauthorized: Reason.codeIncorrect.rawValue
      case .providerFailed: Reason.providerUnavailable.rawValue
      default: rawValue
      }
    }

    /// The one table from "no" to a status and a sentence for a person.
    package var answer: (status: Response.Status, sentence: String) {
      switch self {
      case .malformedRequest: (.badRequest, "The request is malformed.")
      case .malformedBody: (.badRequest, "The body is not what this route takes.")
      case .invalidField: (.badRequest, "A field is missing or not valid.")
      case .unsupportedMediaType: (.unsupportedMediaType, "The body must be JSON.")
      case .bodyTooLarge: (.contentTooLarge, "The body is too large.")
      case .notFound: (.notFound, "There is nothing here.")
      case .methodNotAllowed: (.methodNotAllowed, "This method is not allowed here.")
      case .unauthenticated: (.unauthorized, "Sign in first.")
      case .crossOrigin: (.forbidden, "The request came from another site.")
      case .insufficientScope: (.forbidden, "The key does not allow this.")
      case .levelTooLow: (.forbidden, "A second factor is needed first.")
      case .roleRequired: (.forbidden, "Your account may not do this.")
      case .ownAccount: (.forbidden, "Another administrator has to do this.")
      case .accountLocked: (.forbidden, "This account is locked. Contact support.")
      case .approvalOver: (.conflict, "This was decided already, or has expired.")
      case .credentialsInvalid: (.unauthorized, "The email address or the password is not right.")
      case .emailTaken: (.conflict, "An account with this email address exists.")
      case .externalIDTaken: (.conflict, "Another account has this email address.")
      case .passwordRejected: (.badRequest, "Choose another password.")
      case .phoneNotAllowed: (.badRequest, "Messages cannot be sent to this phone number.")
      case .phoneMissing: (.badRequest, "Phone number is required.")
      case .noPhone: (.conflict, "The account has no phone number.")
      case .phoneInUse: (.conflict, "Another account has verified this phone number.")
      case .phoneTokenInvalid: (.badRequest, "The proof of the phone number is not valid.")
      case .codeIncorrect: (.badRequest, "Invalid or expired code")
      case .codeUnauthorized: (.unauthorized, "Invalid or expired code")
      case .challengeExpired: (.gone, "This has expired. Begin again.")
      case .challengeExhausted: (.tooManyRequests, "Too many wrong codes. Begin again.")
      case .noSecondFactor:
        (.conflict, "The account has no second factor that can be used for this.")
      case .stepUpRequired: (.forbidden, "Confirm this with your second factor first.")
      case .passwordRequired: (.forbidden, "Give your password.")
      case .authorizationInvalid: (.unauthorized, "The authorization is not valid, or was used.")
      case .detailsMismatch: (.conflict, "This is not what was confirmed.")
      case .coolingOff:
        (.forbidden, "Transfers wait after a change of your phone or second factor.")
      case .secondProofRequired:
        (
          .forbidden,
          "This phone is also your second factor. Give the code we mailed, or a backup code."
        )
      case .phoneNotVerified: (.conflict, "Verify a phone number first.")
      case .phoneIsSecondFactor: (.conflict, "The phone number is your second factor.")
      case .factorOn: (.conflict, "This second factor is on already.")
      case .twoFactorOff: (.conflict, "No second factor is on.")
      case .appRequired: (.conflict, "Administrators use an authenticator app.")
      case .nothingToConfirm: (.conflict, "Nothing waits to be confirmed. Begin again.")
      case .userUnknown: (.notFound, "There is no such user.")
      case .codeNotAccepted: (.badRequest, "Codes are made here and cannot be sent in.")
      case .nothingPending: (.notFound, "No code is pending for this phone number.")
      case .resendTooSoon: (.tooManyRequests, "Wait before asking for another code.")
      case .sendLimitReached: (.tooManyRequests, "Could not send code. Try again later.")
      case .proofRequired:
        (.preconditionRequired, "Solve the puzzle, and ask again with its proof.")
      case .tooManyAttempts: (.tooManyRequests, "Too many attempts. Try again later.")
      case .sendRefused: (.tooManyRequests, "Could not send code. Try again later.")
      case .destinationInvalid: (.unprocessable, "This is not a phone number that can be reached.")
      case .destinationNotSMSCapable:
        (.unprocessable, "This phone takes no text messages. Ask for a call.")
      case .destinationUnreachable:
        (.unprocessable, "This phone cannot be reached now. Try again later, or ask for a call.")
      case .destinationUnknown: (.unprocessable, "There is no phone with this number.")
      case .regionNotSupported: (.unprocessable, "Messages are not sent to this region.")
      case .blockedByRiskPolicy: (.forbidden, "No code can be sent to this phone number for now.")
      case .verificationInProgress:
        (
          .conflict,
          "Another code is on its way to this phone number. Wait half a minute, and ask again."
        )
      case .factorLimitReached: (.tooManyRequests, "Too many apps were bound. Try again later.")
      case .challengeLimitReached:
        (.tooManyRequests, "Too many codes of this app were given. Try again later.")
      case .channelUnavailable: (.badGateway, "Codes cannot be sent this way at present.")
      case .providerRateLimited: (.unavailable, "Too many codes are being sent. Try again shortly.")
      case .providerUnavailable:
        (.unavailable, "Codes cannot be sent or checked. Try again shortly.")
      case .providerFailed: (.badGateway, "Codes cannot be sent or checked at present.")
      case .providerRequestRejected: (.badGateway, "Codes cannot be sent or checked at present.")
      case .providerOutcomeUnknown:
        (.gatewayTimeout, "It is not known whether this succeeded. Ask for another code.")
      case .optedOut:
        (
          .conflict,
          "This phone has answered STOP to our messages. Ask for a call, use your app, or text START to us."
        )
      case .idempotencyMismatch: (.conflict, "This Idempotency-Key was used with another request.")
      case .idempotencyInProgress:
        (.conflict, "The first request with this Idempotency-Key still runs.")
      case .signatureInvalid: (.forbidden, "The signature is not valid.")
      case .unavailable: (.unavailable, "The service is not available. Try again shortly.")
      case .busy: (.unavailable, "The service is busy. Try again shortly.")
      case .internalError: (.internalError, "Something went wrong.")
      }
    }
  }
}

extension Response {
  /// The error envelope for a rejection.
  package init(_ rejection: Rejection, requestID: String) {
    let (status, sentence) = rejection.reason.answer
    var envelope: [String: Rejection.Detail] = [
      "success": .bool(false),
      "code": .text(rejection.reason.code),
      "error": .text(sentence),
      "requestId": .text(requestID),
    ]
    envelope["field"] = rejection.field.map { .text($0) }
    envelope.merge(rejection.details) { _, detail in detail }
    // A dictionary of booleans, integers, and text always encodes; without a body the status still
    // stands.
    let body = (try? Response.json(envelope))?.body ?? []
    self.init(status, body: body)
    if let seconds = rejection.retryAfter ?? Self.retryAfter(status) {
      headers.append(("Retry-After", String(seconds)))
    }
    self.rejection = rejection.reason.code
    limit = rejection.limit
  }

  /// Every 429 and 503 says when to come back, even where the rejection knows no better time.
  private static func retryAfter(_ status: Status) -> Int? {
    switch status {
    case .tooManyRequests: 60
    case .unavailable: 2
    default: nil
    }
  }
}
