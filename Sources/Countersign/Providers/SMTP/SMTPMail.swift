import FoundationEssentials

/// Mail by SMTP (RFC 5321), one transfer a message.
///
/// A server that has taken a mail says no more of it: what became of it comes back to its sender's
/// mailbox.
struct SMTPMail: Carrier {
  private let settings: SMTPSettings
  private let product: String

  init(_ settings: SMTPSettings, productName: String) {
    self.settings = settings
    product = productName
  }

  let name = "smtp"

  /// The part after the `@` of a mail's own name.
  private var domain: Substring { settings.fromEmail.split(separator: "@").last ?? "localhost" }

  func send(_ order: CarrierOrder) throws -> TransferRequest {
    var request = TransferRequest(method: .post, url: settings.url)
    // A server may read all of a mail before it answers (RFC 5321 section 4.5.3.2.6).
    request.milliseconds = 60_000
    request.login = settings.login
    let subject = order.text.subject ?? product
    var headers = [
      "Date: \(Date.now.rfc5322)",
      "From: \(Self.phrase(settings.fromName ?? product)) <\(settings.fromEmail)>",
      "To: <\(order.to)>", "Subject: \(Self.phrase(subject))",
      "Message-ID: <\(order.message)@\(domain)>", "Auto-Submitted: auto-generated",
    ]
    for (name, value) in order.text.unsubscribeHeaders { headers.append("\(name): \(value)") }
    request.mail = TransferRequest.Mail(
      from: settings.fromEmail, to: order.to, headers: headers, plain: order.text.body,
      html: order.text.html(product: product), needsEncryption: settings.needsEncryption)
    return request
  }

  /// SMTP's replies (RFC 5321 section 4.2) say "later" with 4yz and "no" with 5yz.
  func outcome(_ response: TransferResponse, of order: CarrierOrder) -> CarrierOutcome {
    switch response.status {
    case 200..<400:
      .accepted(
        sid: "\(order.message)@\(domain)".prefix(64).description,
        CarrierProgress(status: .sent, rank: 3))
    case 400..<500: .notTaken(after: nil, .providerUnavailable)
    case 530, 534, 535, 538: .refused(code: response.status, .providerAuthFailed)
    case 510, 511, 550, 551, 553: .refused(code: response.status, .destinationInvalid)
    // Its mailbox is full.
    case 552: .refused(code: response.status, .destinationUnreachable)
    default: .refused(code: response.status, .providerRequestRejected)
    }
  }

  /// Text in a header: as it is while that is plain, else as encoded words of UTF-8 (RFC 2047), each short
  /// enough for a line. No line break ever enters one.
  static func phrase(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: " "), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    if isPlain, text.utf8.count <= 60 { return text }
    var words: [String] = []
    var word = ""
    for scalar in text.unicodeScalars {
      if word.utf8.count + String(scalar).utf8.count > 42 {
        words.append(word)
        word = ""
      }
      word.unicodeScalars.append(scalar)
    }
    words.append(word)
    return words.map { "=?UTF-8?B?\(Data($0.utf8).base64EncodedString())?=" }
      .joined(separator: "\r\n ")
  }
}

extension MessageText {
  /// As HTML; nil for what has only words.
  func html(product: String) -> String? {
    mail?.html(subject: subject ?? product, product: product)
  }

  /// How mail programs offer to end mail of a kind with one click (RFC 2369, RFC 8058).
  var unsubscribeHeaders: [(name: String, value: String)] {
    guard let url = mail?.unsubscribe?.url else { return [] }
    return [
      ("List-Unsubscribe", "<\(url)>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]
  }
}
