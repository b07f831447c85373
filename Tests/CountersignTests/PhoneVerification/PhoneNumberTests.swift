import FoundationEssentials
import TestSupport
import Testing

@testable import Countersign

@Suite struct `Reading a phone number` {
  @Test(
    "every way of writing a number is the same number",
    arguments: [
      "+14155552671", "(415) 555-2671", "415.555.2671", "1 415 555 2671", "0014155552671",
      "  +1-415-555-2671",
      "+１４１５５５５２６７１", "tel:+1-415-555-2671", "+1\u{00A0}415\u{00A0}555\u{00A0}2671",
    ])
  func canonical(text: String) {
    #expect(PhoneNumber(text, region: "US")?.e164 == "+14155552671")
  }

  @Test(
    "what is no one number is none",
    arguments: [
      "", "+", "12", "+1415555267", "+141555526711", "+14155552671,+14155552672",
      "+14155552671;ext=5",
      "+14155552671 ext. 5", "hello", "+14155552671\u{0}", "+14155552671\n",
      String(repeating: "1", count: 100),
    ])
  func refused(text: String) {
    #expect(PhoneNumber(text, region: "US") == nil)
  }

  @Test("a national number is read in the caller's region, and +1 is not one country")
  func regions() {
    #expect(PhoneNumber("07911 123456", region: "GB")?.e164 == "+447911123456")
    #expect(PhoneNumber("07911 123456", region: "US") == nil)
    #expect(PhoneNumber("+18765551234", region: "US")?.region == "JM")
    #expect(PhoneNumber("+16135550123", region: "US")?.region == "CA")
  }

  @Test("what the pages show as an example is a number of its country")
  func examples() throws {
    struct Country: Decodable {
      let code: Int
      let example: String

      init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        code = try container.decode(Int.self)
        example = try container.decode(String.self)
      }
    }
    let file = "\(TestDatabase.root)/nginx/html/common/countries.json"
    let data = try #require(FileManager.default.contents(atPath: file))
    let countries = try JSONDecoder().decode([String: Country].self, from: data)

    #expect(countries.count > 200)
    for (region, country) in countries {
      // As the pages send what was typed.
      let read = PhoneNumber("+\(country.code) \(country.example)", region: "US")
      #expect(read?.e164.hasPrefix("+\(country.code)") == true, "\(region)")
      #expect(read == PhoneNumber(country.example, region: region), "\(region)")
    }
  }

  @Test(
    "numbers are shown whole to their owner and masked to others",
    arguments: [
      ("+19542348040", "+1 (954) 234-8040", "+1 (•••) •••-••40"),
      ("+447911123456", "+44 7911 123456", "+44 •••• ••••56"),
      ("+4915112345678", "+49 1511 2345678", "+49 •••• •••••78"),
    ])
  func display(text: String, display: String, masked: String) throws {
    let number = try #require(PhoneNumber(text, region: "US"))
    #expect(number.display == display)
    #expect(number.masked == masked)
  }

  @Test(
    "kinds that cost extra or take no messages are known",
    arguments: ["+19005551234", "+18005551234", "+499001234567", "+447012345678", "+15005550006"])
  func kinds(text: String) throws {
    let (_, plan) = try #require(PhoneNumber.read(text, region: "US"))
    #expect(plan.kind == .unsuitable)
  }
}
