/// Text that must not be printed: a password, a token, a key, a code.
///
/// Interpolating or dumping one shows `(secret)`. The bytes are reached only through `reveal()`, so
/// that every place that uses them can be found by that word.
package struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  private let text: String

  package init(_ text: String) {
    self.text = text
  }

  /// The text itself, for handing to a cipher, a hash, or the wire.
  package func reveal() -> String { text }

  /// The text as UTF-8.
  package var bytes: [UInt8] { Array(text.utf8) }

  package var isEmpty: Bool { text.isEmpty }

  package var description: String { "(secret)" }
  package var debugDescription: String { "(secret)" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Secret: Decodable {
  package init(from decoder: any Decoder) throws {
    text = try decoder.singleValueContainer().decode(String.self)
  }
}
