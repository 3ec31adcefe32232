// swift-tools-version: 6.0
import PackageDescription

// A package of its own: what measures the product is no part of what its users build.
let package = Package(
  name: "benchmarks",
  platforms: [.macOS(.v14)],
  dependencies: [.package(name: "swift-uae", path: "..")],
  targets: [
    .executableTarget(
      name: "uae-benchmark",
      dependencies: ["Torch", "Formats", "Models", "MutualInformation", "Attacks"].map {
        .product(name: $0, package: "swift-uae")
      })
  ],
  swiftLanguageModes: [.v6]
)
