import Countersign

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
    let twilio = TwilioAPI(sandbox, configuration.twilio)
    let sendGrid = SendGridAPI(sandbox, configuration.sendGrid)
    let vonage = VonageAPI(sandbox, configuration.vonage)
    let inbound = InboundAPI(sandbox, configuration)
    return [
      .post("/api/inbound", inbound.write),
      .post("/vonage-rest/sms/json", vonage.send),
      .get("/api/messages", messages.list),
      .delete("/api/messages", messages.clear),
      .get("/api/rules", rules.list),
      .post("/api/rules", rules.add),
      .delete("/api/rules", rules.clear),
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
