import CQREncode
import FoundationEssentials

/// What an authenticator app is given to bind itself: shown once, before the first code confirms it.
package struct AppBinding: Sendable {
  package typealias ID = Identifier<Factor>

  /// The factor's id, which changes with each binding.
  package let id: ID
  /// Base32, for typing in by hand.
  package let secret: Secret
  /// `otpauth://totp/…`, for apps on the same device
  /// (<https://github.com/google/google-authenticator/wiki/Key-Uri-Format>).
  package let uri: Secret

  /// - Parameter secret: in Base32.
  init(id: ID, secret: Secret, issuer: String, email: String) {
    self.id = id
    self.secret = secret
    let text = secret.reveal()
    let label = "\(Self.escaped(issuer)):\(Self.escaped(email))"
    uri = Secret(
      "otpauth://totp/\(label)?secret=\(text)&issuer=\(Self.escaped(issuer))"
        + "&algorithm=SHA1&digits=\(TOTP.digits)&period=\(TOTP.period)")
  }

  /// Percent-encoded but for what no part of a URI gives a meaning to (RFC 3986 section 2.3).
  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for byte in text.utf8 {
      if Base64URL.isDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "~") {
        escaped.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        escaped += "%\(Hexadecimal.encode([byte]).uppercased())"
      }
    }
    return escaped
  }

  /// The URI as a QR code: an SVG image of its own, drawn here, so that the secret is shown to
  /// nobody who draws such codes for others.
  package var qrCode: String { QRCode.svg(uri.reveal()) }
}

/// QR codes (ISO/IEC 18004) by libqrencode; the only file that imports it.
enum QRCode {
  /// Modules of white around the code that a reader needs.
  private static let quietZone = 4

  /// An SVG image with one unit a module; dark modules of a row that touch are one stroke.
  ///
  /// The corresponding C function is `QRcode_encodeString8bit`, which chooses the smallest size that
  /// holds the text.
  static func svg(_ text: String) -> String {
    // Fails for a text that no size holds, about 2,300 bytes, and without memory. What we encode is
    // bounded by the length of an email address.
    guard let code = unsafe QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M) else { return "" }
    defer { unsafe QRcode_free(code) }
    let width = unsafe Int(code.pointee.width)
    var path = ""
    for y in 0..<width {
      var x = 0
      while x < width {
        var end = x
        while end < width, unsafe code.pointee.data[y * width + end] & 1 == 1 { end += 1 }
        if end > x { path += "M\(x + quietZone) \(y + quietZone)h\(end - x)v1h-\(end - x)z" }
        x = end + 1
      }
    }
    let size = width + 2 * quietZone
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size) \(size)" shape-rendering="crispEdges">\
      <path fill="#fff" d="M0 0h\(size)v\(size)H0z"/><path d="\(path)"/></svg>
      """
  }
}
