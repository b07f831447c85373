import Testing

@testable import Countersign

/// Goal: what a provider reports later is told in our words, as what it answers at once is.
@Suite("Failures")
struct FailureTests {
  @Test(
    "Twilio's numbers, of callbacks and messages",
    arguments: [
      (30001, Failure.providerRateLimited), (30002, .providerAuthFailed),
      (30003, .destinationUnreachable), (30005, .destinationUnknown),
      (30006, .destinationNotSMSCapable), (30007, .providerMisconfigured),
      (30008, .providerUnavailable), (30017, .providerUnavailable), (30018, .providerMisconfigured),
      (30022, .providerRateLimited), (30024, .providerMisconfigured),
      (30032, .providerMisconfigured), (30033, .providerMisconfigured),
      (30034, .providerMisconfigured), (30035, .providerMisconfigured),
      (30044, .providerMisconfigured), (30410, .providerUnavailable), (30450, .blockedByRiskPolicy),
      (30453, .blockedByRiskPolicy), (21611, .providerRateLimited), (60202, .checkLimitReached),
      (60203, .sendLimitReached), (60212, .verificationInProgress), (60308, .checkLimitReached),
      (60310, .checkLimitReached), (60312, .challengeLimitReached), (60315, .factorLimitReached),
      (60326, .factorLimitReached), (60610, .destinationUnreachable),
      (572_002, .providerMisconfigured),
      (99_999, .providerRequestRejected),
    ])
  func twilio(code: Int, failure: Failure) {
    #expect(Failure(twilioCode: code) == failure)
  }

  @Test(
    "Vonage's codes of receipts",
    arguments: [
      (1, Failure.destinationUnreachable), (2, .destinationUnreachable), (3, .destinationUnknown),
      (4, .destinationOptedOut), (6, .blockedByRiskPolicy), (7, .destinationUnreachable),
      (8, .destinationUnreachable), (9, .destinationOptedOut), (12, .destinationUnreachable),
      (14, .blockedByRiskPolicy), (50, .providerMisconfigured), (99, .destinationUnreachable),
    ])
  func vonage(code: Int, failure: Failure) {
    #expect(Failure(vonageReceipt: code) == failure)
  }

  @Test(
    "what a provider stops as fraud, and what is wrong with a number, goes to no other provider")
  func whatStays() {
    let stays: [Failure] = [
      .destinationInvalid, .destinationNotSMSCapable, .destinationUnknown, .blockedByRiskPolicy,
      .sendLimitReached, .outcomeUnknown, .expired,
    ]
    #expect(stays.filter { $0.isOfProvider } == [])
    let goes: [Failure] = [
      .providerUnavailable, .providerRateLimited, .providerAuthFailed, .providerMisconfigured,
      .providerAccountProblem, .providerRequestRejected, .verificationInProgress,
      .destinationOptedOut, .regionNotSupported,
    ]
    #expect(goes.filter { !$0.isOfProvider } == [])
  }
}
