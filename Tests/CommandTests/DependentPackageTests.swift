import Foundation
import Testing

/// The libraries serve packages outside this one: nothing but a dependency has to be written there.
@Suite struct DependentPackageTests {
  @Test(.tags(.slow))
  func aPackageThatDependsOnThisOneComputesWithLibTorchWithoutEnvironmentVariables() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      """
      // swift-tools-version: 6.0
      import PackageDescription

      let package = Package(
        name: "dependent",
        platforms: [.macOS(.v14)],
        dependencies: [.package(path: "\(packageRoot.path)")],
        targets: [
          .executableTarget(
            name: "dependent",
            dependencies: [
              .product(name: "Torch", package: "\(packageRoot.lastPathComponent)"),
              .product(name: "Formats", package: "\(packageRoot.lastPathComponent)"),
            ])
        ])
      """, to: "Package.swift")
    try folder.write(
      """
      import Formats
      import Torch

      let determinant = try Operator("aten::linalg_det")
      let matrix = Tensor([Double(2), 1, 0, 1, 3, 1, 0, 1, 4], [3, 3])
      print(try determinant(.tensor(matrix)).item)
      print(SHA256.digest(of: Array("abc".utf8)))
      """, to: "Sources/dependent/main.swift")

    let result = try run(["swift", "run", "--quiet"], in: folder.url, environment: bareEnvironment)

    #expect(result.status == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    try #require(lines.count == 2, "\(result.output)")
    // 2·(3·4 − 1·1) − 1·(1·4 − 0·1) = 18.
    #expect(abs((Double(lines[0]) ?? .nan) - 18) < 1e-12)
    #expect(lines[1] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}
