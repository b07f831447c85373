// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: imports stay internal unless they say otherwise, so that no C
/// type can leave its room, and every use of an unsafe construct is marked.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

/// A program: a folder under Sources, and a line below.
func program(_ name: String, _ extra: [Target.Dependency] = []) -> Target {
  .executableTarget(
    name: name, dependencies: ["Countersign"] + extra, swiftSettings: strict)
}

let package = Package(
  name: "countersign",
  dependencies: [
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    .systemLibrary(name: "CFastCGI", pkgConfig: "fcgi", providers: [.apt(["libfcgi-dev"])]),
    .systemLibrary(
      name: "CMariaDB", pkgConfig: "libmariadb", providers: [.apt(["libmariadb-dev"])]),
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),
    .systemLibrary(
      name: "CQREncode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
    .systemLibrary(name: "CICU", pkgConfig: "icu-i18n", providers: [.apt(["libicu-dev"])]),
    .target(name: "CPhoneNumber", linkerSettings: [.linkedLibrary("phonenumber")]),
    .target(
      name: "Countersign",
      dependencies: [
        "CFastCGI", "CMariaDB", "CCurl", "CArgon2", "CLinux", "CPhoneNumber", "CQREncode",
        "CICU",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
      ],
      resources: [.embedInCode("Wording/Templates")],
      swiftSettings: strict),
    program("accounts"),
    program("verify-phone"),
    program("two-factor"),
    program("password-reset"),
    program("notifications"),
    program("admin"),
    program("webhooks"),
    program("courier"),
    program("sandbox", [.product(name: "Crypto", package: "swift-crypto")]),
    program(
      "countersignctl",
      [.product(name: "ArgumentParser", package: "swift-argument-parser")]),
    .executableTarget(
      name: "countersign-bench", dependencies: ["Countersign"], path: "Tests/Benchmarks",
      exclude: ["bench.py", "replay.lua"], swiftSettings: strict),
    .target(
      name: "TestSupport", dependencies: ["Countersign"], path: "Tests/TestSupport",
      swiftSettings: strict),
    .testTarget(
      name: "CountersignTests", dependencies: ["Countersign", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "ResponderTests",
      dependencies: [
        "Countersign", "TestSupport", "accounts", "verify-phone", "two-factor", "password-reset",
        "notifications",
        "admin",
        "webhooks",
      ],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
