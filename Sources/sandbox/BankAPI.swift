import Countersign
import FoundationEssentials
import Synchronization

/// A demonstration bank: the host's part, played for the dashboard.
///
/// nginx asks for a session before it passes a request on, and names its owner in the query; this
/// server's own port does not lead here. A large transfer needs an authorization, which is redeemed
/// before any money moves, and the payer is told of each as a host tells it. Balances live as long
/// as the program.
struct BankAPI {
  /// What everybody begins with, and from what amount on a transfer is confirmed, in cents.
  private static let firstBalance = 250_000
  private static let confirmFrom = 5_000
  private static let currency = "USD"
  private static let remembered = 10

  final class State: Sendable {
    fileprivate struct Holding {
      var balance = BankAPI.firstBalance
      var transfers: [Transferred] = []
    }

    fileprivate let holdings = Mutex<[String: Holding]>([:])
  }

  fileprivate struct Transferred: Encodable {
    /// The payer's name for it, under which it is made once.
    let name: String
    let id: String
    let amount: Int
    let currency: String
    let payee: String
    let reference: String?
    let at: Date
  }

  private let state: State
  private let address: String
  private let key: String

  /// - Parameters:
  ///   - address: where our own API is.
  ///   - key: a service key with the scopes `challenges` and `notifications`.
  init(_ state: State, address: String, key: String) {
    self.state = state
    self.address = address
    self.key = key
  }

  // MARK: Routes

  private struct Account: Encodable {
    let balance: Int
    let currency = BankAPI.currency
    let confirmFrom = BankAPI.confirmFrom
    let transfers: [Transferred]
  }

  /// GET /bank/account
  func account(_ request: Request) throws -> Response {
    let user = try user(request)
    let holding = holding(of: user)
    return try .json(Account(balance: holding.balance, transfers: holding.transfers))
  }

  private struct Body: RequestBody {
    let amount: Int
    let currency: String
    let payee: String
    let reference: String?
    let authorization: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case amount, currency, payee, reference, authorization
    }
  }

  /// A transfer's answer.
  private struct Done: Encodable {
    let success = true
    let transferId: String
    let balance: Int
  }

  /// POST /bank/transfers: made once for an `Idempotency-Key`, however often it is asked for.
  func transfer(_ request: Request) throws -> Response {
    let user = try user(request)
    let body: Body = try request.decode()
    guard body.amount > 0 else { throw Rejection(.invalidField, field: "amount") }
    guard body.currency == Self.currency else { throw Rejection(.invalidField, field: "currency") }
    guard !body.payee.isEmpty else { throw Rejection(.invalidField, field: "payee") }
    let id = Hexadecimal.encode(Random.bytes(12))
    let transfer = Transferred(
      name: request.headers[.idempotencyKey] ?? id, id: id, amount: body.amount,
      currency: body.currency, payee: body.payee, reference: body.reference, at: request.time)
    if let made = holding(of: user).transfers.first(where: { $0.name == transfer.name }) {
      return try done(made, as: transfer, for: user)
    }
    let tooMuch = try Response.json(
      Refusal(
        code: "insufficient_funds", error: "The balance is too low for this.",
        requestId: request.id), .conflict)
    // Looked at before an authorization is used up for nothing; decided below.
    guard body.amount <= holding(of: user).balance else { return tooMuch }
    if body.amount >= Self.confirmFrom {
      guard let authorization = body.authorization else { throw Rejection(.stepUpRequired) }
      let redeemed = try ask(
        "authorizations/redeem",
        Redemption(
          authorization: authorization,
          details: Details(
            amount: body.amount, currency: body.currency, payee: body.payee,
            reference: body.reference)), once: "redeem-\(user)-\(transfer.name.prefix(64))")
      // Somebody else's authorization is as good as none.
      guard redeemed.status == 200 else { throw refusal(of: redeemed) }
      let owner = try? JSONDecoder().decode(Redeemed.self, from: Data(redeemed.body))
      guard owner?.userId == user else { throw Rejection(.authorizationInvalid) }
    }
    // Of two of one name at once the first is made, and both are told of it.
    let made = state.holdings.withLock { holdings -> Transferred? in
      var holding = holdings[user, default: State.Holding()]
      if let made = holding.transfers.first(where: { $0.name == transfer.name }) { return made }
      guard holding.balance >= transfer.amount else { return nil }
      holding.balance -= transfer.amount
      holding.transfers.insert(transfer, at: 0)
      holding.transfers = Array(holding.transfers.prefix(Self.remembered))
      holdings[user] = holding
      return transfer
    }
    guard let made else { return tooMuch }
    let answer = try done(made, as: transfer, for: user)
    // The money has moved; a notice that cannot be given does not bring it back.
    _ = try? ask(
      "payment-sent",
      Notice(
        userId: user, amount: body.amount, currency: body.currency, recipient: body.payee,
        balance: holding(of: user).balance, transactionId: made.id),
      once: "notice-\(user)-\(made.name.prefix(64))")
    return answer
  }

  /// The answer for a transfer that was made, to whoever asks for the same under its name.
  ///
  /// - Throws: `idempotency_mismatch` when another one is asked for.
  private func done(_ made: Transferred, as asked: Transferred, for user: String) throws -> Response
  {
    guard made.amount == asked.amount, made.payee == asked.payee, made.reference == asked.reference
    else { throw Rejection(.idempotencyMismatch) }
    return try .json(Done(transferId: made.id, balance: holding(of: user).balance), .created)
  }

  // MARK: Asking our own API

  private struct Details: Encodable {
    let amount: Int
    let currency: String
    let payee: String
    let reference: String?
  }

  private struct Redemption: Encodable {
    let authorization: String
    let purpose = "transfer"
    let details: Details
  }

  private struct Redeemed: Decodable {
    let userId: String
  }

  private struct Notice: Encodable {
    let userId: String
    let amount: Int
    let currency: String
    let recipient: String
    let balance: Int
    let transactionId: String
  }

  private struct Refusal: Encodable {
    let success = false
    let code: String
    let error: String
    let requestId: String
  }

  private func ask(_ act: String, _ body: some Encodable, once name: String) throws
    -> TransferResponse
  {
    let area = act == "payment-sent" ? "notifications" : "auth/2fa"
    var request = TransferRequest(method: .post, url: "\(address)/api/\(area)/\(act)")
    request.headers = [
      ("Content-Type", "application/json"), ("Authorization", "Bearer \(key)"),
      ("Idempotency-Key", name),
    ]
    request.body = Array(try JSONEncoder.contract.encode(body))
    do {
      return try Transfer.perform(request)
    } catch {
      throw Rejection(.unavailable)
    }
  }

  /// What our API has said of an authorization; anything else is the bank's own trouble.
  private func refusal(of answer: TransferResponse) -> Rejection {
    struct Envelope: Decodable {
      let code: String
    }
    let code = try? JSONDecoder().decode(Envelope.self, from: Data(answer.body)).code
    return switch code {
    case "authorization_invalid": Rejection(.authorizationInvalid)
    case "details_mismatch": Rejection(.detailsMismatch)
    default: Rejection(.unavailable)
    }
  }

  private func holding(of user: String) -> State.Holding {
    state.holdings.withLock { $0[user, default: State.Holding()] }
  }

  private func user(_ request: Request) throws -> String {
    guard let user = try request.queryValue("user"), !user.isEmpty else {
      throw Rejection(.unauthenticated)
    }
    return user
  }
}
