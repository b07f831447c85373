import Countersign
import TestSupport

/// A configuration for tests that need no database.
func testConfigurationForProviders() throws -> Configuration {
  try testConfiguration(
    DatabaseLocation(socket: "/nonexistent", user: "nobody", password: Secret(""), database: "none")
  )
}
