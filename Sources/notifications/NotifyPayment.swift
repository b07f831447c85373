import Countersign

/// POST /api/notifications/payment-sent
struct NotifyPaymentSent {
  let notifications: Notifications
  let host: HostGate

  private struct Body: RequestBody {
    let userId: String
    let amount: Int
    let currency: String?
    let recipient: String
    let balance: Int
    let transactionId: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case userId, amount, currency, recipient, balance, transactionId
    }
  }

  func respond(to request: Request) throws -> Response {
    try host.send(request, notifications) {
      let body: Body = try request.decode()
      return (
        body.userId,
        { account in
          .paymentSent(
            try TransactionEvent.payment(
              amount: body.amount, try account.currency(body.currency), party: body.recipient,
              partyField: "recipient", balance: body.balance, transaction: body.transactionId))
        }
      )
    }
  }
}

/// POST /api/notifications/payment-received
struct NotifyPaymentReceived {
  let notifications: Notifications
  let host: HostGate

  private struct Body: RequestBody {
    let userId: String
    let amount: Int
    let currency: String?
    let sender: String
    let balance: Int
    let transactionId: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case userId, amount, currency, sender, balance, transactionId
    }
  }

  func respond(to request: Request) throws -> Response {
    try host.send(request, notifications) {
      let body: Body = try request.decode()
      return (
        body.userId,
        { account in
          .paymentReceived(
            try TransactionEvent.payment(
              amount: body.amount, try account.currency(body.currency), party: body.sender,
              partyField: "sender", balance: body.balance, transaction: body.transactionId))
        }
      )
    }
  }
}

/// POST /api/notifications/low-balance
struct NotifyLowBalance {
  let notifications: Notifications
  let host: HostGate

  private struct Body: RequestBody {
    let userId: String
    let balance: Int
    let threshold: Int
    let currency: String?

    enum CodingKeys: String, CodingKey, CaseIterable { case userId, balance, threshold, currency }
  }

  func respond(to request: Request) throws -> Response {
    try host.send(request, notifications) {
      let body: Body = try request.decode()
      return (
        body.userId,
        { account in
          try .lowBalance(
            balance: body.balance, threshold: body.threshold, try account.currency(body.currency))
        }
      )
    }
  }
}
