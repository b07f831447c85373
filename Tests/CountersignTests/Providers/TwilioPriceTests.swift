import FoundationEssentials
import Testing

@testable import Countersign

@Suite struct `What Twilio charged` {
  private func price(_ body: String, status: Int = 200) throws -> Int? {
    let configuration = try testConfigurationForProviders()
    let carrier = TwilioMessages(configuration.twilio, configuration.publicBaseURL)
    return carrier.price(
      .success(
        TransferResponse(status: status, body: Array(body.utf8), retryAfter: nil, headers: [:])))
  }

  @Test(
    "a price is what was charged for a segment, in millionths of a dollar",
    arguments: [
      (#"{"price":"-0.00750","price_unit":"USD","num_segments":"1"}"#, 7_500),
      (#"{"price":"-0.01580","price_unit":"usd","num_segments":"2"}"#, 7_900),
      (#"{"price":"-12.5","price_unit":"USD"}"#, 12_500_000),
      (#"{"price":"-0.123456789","price_unit":"USD","num_segments":"x"}"#, 123_456),
    ])
  func known(body: String, amount: Int) throws {
    #expect(try price(body) == amount)
  }

  @Test(
    "what is no charge in dollars teaches nothing",
    arguments: [
      #"{"price":null,"price_unit":"USD"}"#, #"{"price":"-0.0075","price_unit":"EUR"}"#,
      #"{"price":"0.0075","price_unit":"USD"}"#, #"{"price":"-1e3","price_unit":"USD"}"#,
      #"{"price":"-.5","price_unit":"USD"}"#, #"{"price":"-99999.0","price_unit":"USD"}"#,
      #"{"price":"-","price_unit":"USD"}"#, #"{"price":"-١.٥","price_unit":"USD"}"#, "[]", "",
    ])
  func unknown(body: String) throws {
    #expect(try price(body) == nil)
    #expect(try price(#"{"price":"-0.00750","price_unit":"USD"}"#, status: 404) == nil)
  }
}
