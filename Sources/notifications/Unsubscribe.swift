import Countersign

/// GET and POST /api/notifications/unsubscribe/{token}: the link in mail that can be ended.
///
/// Programs follow links to look at them, so GET only asks, and POST does it (RFC 8058 section 3.1).
struct Unsubscribe {
  let notifications: Notifications

  func ask(_ request: Request) -> Response {
    Self.page(
      "<form method=\"post\"><p>Stop mail of this kind?</p><button>Stop</button></form>")
  }

  func respond(to request: Request) throws -> Response {
    try notifications.unsubscribe(request.parameters["token"] ?? "")
    return Self.page("<p>You will get no more mail of this kind.</p>")
  }

  private static func page(_ content: String) -> Response {
    Response(
      .ok, contentType: "text/html; charset=utf-8",
      body: Array(
        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Mail</title><main>\(content)</main></html>\n"
          .utf8))
  }
}
