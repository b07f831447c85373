import ArgumentParser
import Countersign

/// Shows what a message says.
struct Preview: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what an event's text message and mail say, in any language.",
    discussion: "Values are samples. A language that there are no texts in is English.")

  @Argument(help: "An event, such as payment_sent.", completion: nil)
  var event: String

  @Option(help: "A BCP 47 tag, such as fr or pt-BR.")
  var locale = "en"

  @Flag(help: "Shows the mail's HTML instead.")
  var html = false

  @OptionGroup var system: SystemOptions

  func run() throws {
    guard let kind = AccountEvent.Kind(rawValue: event) else {
      let names = AccountEvent.Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("There is no event \(event). There are: \(names).")
    }
    // Where nothing is configured yet, the words are looked at all the same.
    let wording =
      (try? system.configuration()).map { Wording($0) }
      ?? Wording(product: "Countersign", host: "auth.example.com", depositURL: nil)
    let preview = MessagePreview(kind, locale: locale, wording)
    if html {
      guard preview.mail != nil else { throw ValidationError("\(event) is told by text only.") }
      print(preview.html)
      return
    }
    let segments = preview.segments == 1 ? "1 segment" : "\(preview.segments) segments"
    print("Text message, \(segments), \(preview.isGSM ? "GSM-7" : "UCS-2"):\n\n\(preview.text)")
    if let mail = preview.mail {
      print("\nMail: \(preview.subject)\n\n\(mail)")
    }
  }
}
