import Countersign
import FoundationEssentials

/// What the sandbox answers: the inbox, its rules, and each provider's own paths.
struct Routes {
  private let sandbox: Sandbox
  private let configuration: Configuration

  init(_ sandbox: Sandbox, _ configuration: Configuration) {
    self.sandbox = sandbox
    self.configuration = configuration
  }

  var table: [Route] {
    let messages = MessagesAPI(sandbox)
    let rules = RulesAPI(sandbox.rules)
    let twilio = TwilioAPI(sandbox, configuration)
    let sendGrid = SendGridAPI(sandbox, configuration.sendGrid)
    let vonage = VonageAPI(sandbox, configuration.vonage)
    let verify = VerifyAPI(sandbox, configuration)
    let factors = FactorsAPI(sandbox, configuration)
    let vonageVerify = VonageVerifyAPI(sandbox, configuration)
    let clock = ClockAPI(clock: sandbox.clock)
    let inbound = InboundAPI(sandbox, configuration)
    let bank = BankAPI(
      sandbox.bank, address: configuration.publicBaseURL.origin,
      key: ProcessInfo.processInfo.environment["SANDBOX_BANK_KEY"] ?? "")
    return [
      .get("/bank/account", bank.account),
      .post("/bank/transfers", bank.transfer),
      .post("/api/inbound", inbound.write),
      .post("/vonage-rest/sms/json", vonage.send),
      .get("/vonage-rest/account/get-balance", vonage.balance),
      .get("/api/messages", messages.list),
      .delete("/api/messages", messages.clear),
      .get("/api/messages/{id}/html", messages.html),
      .get("/api/messages/{id}/exchanges", messages.exchanges),
      .get("/api/rules", rules.list),
      .post("/api/rules", rules.add),
      .delete("/api/rules", rules.clear),
      .post("/api/clock", clock.advance),
      .get("/verify/v2/Services/{service}", verify.show),
      .post("/verify/v2/Services/{service}/Verifications", verify.start),
      .get("/verify/v2/Services/{service}/Verifications/{name}", verify.fetch),
      .post("/verify/v2/Services/{service}/Verifications/{name}", verify.fetch),
      .post("/verify/v2/Services/{service}/VerificationCheck", verify.check),
      .post("/verify/v2/Services/{service}/Entities/{identity}/Factors", factors.create),
      .get("/verify/v2/Services/{service}/Entities/{identity}/Factors/{sid}", factors.factor),
      .post("/verify/v2/Services/{service}/Entities/{identity}/Factors/{sid}", factors.factor),
      .delete("/verify/v2/Services/{service}/Entities/{identity}/Factors/{sid}", factors.factor),
      .post("/verify/v2/Services/{service}/Entities/{identity}/Challenges", factors.challenge),
      .post(
        "/verify/v2/Services/{service}/Entities/{identity}/Challenges/{sid}", factors.challenge),
      .post("/vonage/verify/json", vonageVerify.start),
      .post("/vonage/verify/psd2/json", vonageVerify.startPayment),
      .post("/vonage/verify/check/json", vonageVerify.check),
      .post("/vonage/verify/control/json", vonageVerify.control),
      .post("/vonage/verify/search/json", vonageVerify.search),
      .post("/vonage/v2/verify", vonageVerify.start2),
      .get("/vonage/v2/verify/{id}", vonageVerify.request2),
      .post("/vonage/v2/verify/{id}", vonageVerify.request2),
      .delete("/vonage/v2/verify/{id}", vonageVerify.request2),
      .get("/twilio/2010-04-01/Accounts/{name}", twilio.show),
      .post("/twilio/2010-04-01/Accounts/{account}/Messages.json", twilio.createMessage),
      .get("/twilio/2010-04-01/Accounts/{account}/Messages.json", twilio.listMessages),
      .post("/twilio/2010-04-01/Accounts/{account}/Calls.json", twilio.createCall),
      .get("/twilio/2010-04-01/Accounts/{account}/Calls.json", twilio.listCalls),
      .get("/twilio/2010-04-01/Accounts/{account}/Messages/{name}", twilio.fetch),
      .get("/twilio/2010-04-01/Accounts/{account}/Calls/{name}", twilio.fetch),
      .post("/sendgrid/v3/mail/send", sendGrid.send),
      .get("/sendgrid/v3/scopes", sendGrid.scopes),
    ]
  }
}
