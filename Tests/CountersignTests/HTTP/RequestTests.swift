import FoundationEssentials
import Testing

@testable import Countersign

@Suite struct `Reading a request` {
  private struct Body: RequestBody {
    let name: String
    let count: Int?

    enum CodingKeys: String, CodingKey, CaseIterable { case name, count }
  }

  private func decode(_ body: String, type: String? = "application/json") throws -> Body {
    try Request(
      path: "/", headers: Request.Headers(type.map { [.contentType: $0] } ?? [:]),
      body: Array(body.utf8)
    ).decode()
  }

  @Test("a body becomes a typed value")
  func typed() throws {
    let body = try decode(#" {"name":"é","count":3} "#, type: "application/json; charset=UTF-8")
    #expect(body.name == "é")
    #expect(body.count == 3)
  }

  @Test(
    "what two readers could take differently is refused",
    arguments: [
      #"{"name":"a","name":"b"}"#, #"{"name":"a","n\u0061me":"b"}"#, #"{"name":{"x":1,"x":2}}"#,
      #"{"name":"a"}{}"#,
      #"{"name":"a","count":9223372036854775808}"#, #"{"name":"a","count":1.5}"#, #"["name"]"#,
      #"{"name":"a""#, "", "null", #"{"name":"a"} x"#,
      #"{"name":"# + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}",
    ])
  func strict(body: String) {
    #expect(throws: Rejection.self) { try decode(body) }
  }

  @Test(
    "the field that is wrong is named",
    arguments: [
      (#"{"count":1}"#, "name"), (#"{"name":1}"#, "name"), (#"{"name":"a","count":"1"}"#, "count"),
      (#"{"name":"a","other":1}"#, "other"),
    ])
  func named(body: String, field: String) throws {
    let rejection = try #require(throws: Rejection.self) { try decode(body) }
    #expect(rejection.reason == .invalidField)
    #expect(rejection.field == field)
  }

  @Test(
    "another content type is refused",
    arguments: [
      nil, "text/plain", "application/json; charset=latin1", "application/jsonx",
      "multipart/form-data",
    ])
  func contentType(type: String?) throws {
    let rejection = try #require(throws: Rejection.self) {
      try decode(#"{"name":"a"}"#, type: type)
    }
    #expect(rejection.reason == .unsupportedMediaType)
  }

  @Test("a form is decoded strictly")
  func forms() throws {
    let form = try #require(FormFields(parsing: Array("a=1+2&b=%2B%C3%A9&c&a=3".utf8)))
    #expect(form.values(of: "a") == ["1 2", "3"])
    #expect(form["b"] == "+é")
    #expect(form["c"] == "")
    #expect(form["a"] == nil)
    for bad in ["a=%", "a=%4", "a=%zz", "a=%ff"] {
      #expect(FormFields(parsing: Array(bad.utf8)) == nil)
    }
    #expect(FormFields.encode([("To", "+1 é&")]) == "To=%2B1%20%C3%A9%26")
  }

  @Test(
    "only sane request ids are taken over",
    arguments: [
      ("abcdefgh", true), ("a-b_c.d-0", true), ("short", false), ("has space", false),
      ("line\nbreak", false),
      (String(repeating: "a", count: 65), false),
    ])
  func requestIDs(id: String, isSane: Bool) {
    #expect(Request.isSaneID(id) == isSane)
  }
}

@Suite struct `Finding a route` {
  private let table = RouteTable([
    .get("/a", { _ in .noContent }), .delete("/a", { _ in .noContent }),
    .get(
      "/a/{id}", { request in Response(.ok, body: Array((request.parameters["id"] ?? "").utf8)) }),
    .get("/fails", { _ in throw DatabaseError(.deadlock) }),
    .get("/breaks", { _ in throw Broken() }),
  ])
  private struct Broken: Error {}

  private func status(_ method: String, _ path: String) -> Int {
    table.respond(to: Request(method: method, path: path)).response.status.code
  }

  @Test("by exact path, by pattern, or not at all")
  func finds() {
    #expect(status("GET", "/a") == 204)
    #expect(table.respond(to: Request(path: "/a/x%20y")).response.body == Array("x%20y".utf8))
    #expect(status("GET", "/a/") == 404)
    #expect(status("GET", "/a/b/c") == 404)
    #expect(status("GET", "/A") == 404)
  }

  @Test("another method is told which there are")
  func methods() {
    let answer = table.respond(to: Request(method: "POST", path: "/a")).response
    #expect(answer.status == .methodNotAllowed)
    #expect(answer.headers.contains { $0 == ("Allow", "GET, DELETE") })
  }

  @Test("an error that is nobody's rejection says nothing, and one that passes says when to return")
  func errors() {
    let transient = table.respond(to: Request(path: "/fails")).response
    #expect(transient.status == .unavailable)
    #expect(transient.headers.contains { $0.name == "Retry-After" })
    let broken = table.respond(to: Request(path: "/breaks", id: "request-1")).response
    #expect(broken.status == .internalError)
    #expect(!String(decoding: broken.body, as: UTF8.self).contains("Broken"))
  }

  @Test(
    "every rejection has a status that is a refusal, and a sentence",
    arguments: Rejection.Reason.allCases)
  func rejections(reason: Rejection.Reason) {
    #expect((400...599).contains(reason.answer.status.code))
    #expect(!reason.answer.sentence.isEmpty)
  }
}
