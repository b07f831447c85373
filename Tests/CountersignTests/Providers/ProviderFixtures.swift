import FoundationEssentials
import TestSupport

@testable import Countersign

/// A configuration for tests that need no database.
func testConfigurationForProviders() throws -> Configuration {
  try testConfiguration(
    DatabaseLocation(socket: "/nonexistent", user: "nobody", password: Secret(""), database: "none")
  )
}

/// A message as a carrier gets it.
func testOrder(
  _ channel: OutgoingMessage.Channel, to destination: String,
  _ text: MessageText = MessageText(body: "Hello")
) -> CarrierOrder {
  CarrierOrder(
    message: OutgoingMessage.ID(at: .now), channel: channel, to: destination, text: text,
    lifetime: 600, since: .now)
}
