import Countersign
import FoundationEssentials

/// The inbox for tests and people: what was taken, newest first.
struct MessagesAPI {
  private let sandbox: Sandbox

  init(_ sandbox: Sandbox) {
    self.sandbox = sandbox
  }

  private struct Answer: Encodable {
    let messages: [Entry]

    struct Entry: Encodable {
      let id: String
      let provider: String
      let channel: String
      let from: String
      let to: String
      let subject: String?
      let body: String
      let html: String?
      let template: String?
      let templateData: [String: String]?
      let headers: [String: String]?
      /// Of a text message.
      let segments: Int?
      let status: String
      let at: Date
    }
  }

  /// GET /api/messages?to=&channel=&limit=
  func list(_ request: Request) throws -> Response {
    let limit = try request.queryValue("limit").flatMap { Int($0) } ?? 50
    guard (1...10_000).contains(limit) else { throw Rejection(.invalidField, field: "limit") }
    // A bare + in a query is a space; people write numbers with one all the same.
    let recipient = try request.queryValue("to").map { text in
      text.hasPrefix(" ") ? "+\(text.dropFirst())" : text
    }
    let found = sandbox.inbox.list(
      to: recipient, channel: try request.queryValue("channel"), limit: limit)
    return try .json(
      Answer(
        messages: found.map {
          Answer.Entry(
            id: $0.id, provider: $0.provider, channel: $0.channel, from: $0.from, to: $0.to,
            subject: $0.subject, body: $0.body, html: $0.html, template: $0.template,
            templateData: $0.templateData, headers: $0.headers,
            segments: $0.channel == "sms" ? ShortMessage.segments($0.body) : nil,
            status: $0.status, at: $0.at)
        }))
  }

  /// GET /api/messages/{id}/html: a mail as its reader sees it, for a frame that may do nothing.
  func html(_ request: Request) throws -> Response {
    guard let message = sandbox.inbox.find(request.parameters["id"] ?? ""), let html = message.html
    else { throw Rejection(.notFound) }
    return Response(
      .ok, contentType: "text/html; charset=utf-8", body: Array(html.utf8),
      headers: [
        (
          "Content-Security-Policy",
          "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
            + "form-action 'none'; frame-ancestors 'self'; sandbox"
        ),
        ("Cross-Origin-Embedder-Policy", "require-corp"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
      ])
  }

  /// GET /api/messages/{id}/exchanges: the request that handed a message in, and the callbacks since.
  func exchanges(_ request: Request) throws -> Response {
    let id = request.parameters["id"] ?? ""
    guard sandbox.inbox.find(id) != nil else { throw Rejection(.notFound) }
    return try .json(sandbox.exchanges.find(id) ?? Exchanges.Record())
  }

  /// DELETE /api/messages
  func clear(_ request: Request) -> Response {
    sandbox.inbox.clear()
    sandbox.exchanges.clear()
    return .noContent
  }
}
