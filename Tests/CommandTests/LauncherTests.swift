import Foundation
import Testing

/// `./uae` in a checkout in miniature: the real scripts around a program that prints its arguments.
@Suite(.serialized) struct LauncherTests {
  let checkout: TemporaryFolder
  var launcher: String { checkout.url.appendingPathComponent("uae").path }

  init() throws {
    checkout = try TemporaryFolder()
    for name in ["uae", "Scripts"] {
      try FileManager.default.copyItem(
        at: packageRoot.appendingPathComponent(name), to: checkout.url.appendingPathComponent(name))
    }
    try checkout.write(
      """
      // swift-tools-version: 6.0
      import PackageDescription
      let package = Package(name: "miniature", targets: [.executableTarget(name: "uae")])
      """, to: "Package.swift")
    try setProgram(greeting: "one")
    try checkout.write("extern \"C\" int answer() { return 42; }\n", to: "Native/answer.cpp")
    try checkout.write("", to: "Sources/CTorch/include/empty.h")
    try checkout.write("", to: ".deps/made")
    try FileManager.default.createSymbolicLink(
      at: checkout.url.appendingPathComponent(".deps/torch"),
      withDestinationURL: packageRoot.appendingPathComponent(".deps/torch").resolvingSymlinksInPath())
  }

  func setProgram(greeting: String) throws {
    try checkout.write(
      """
      import Foundation
      print("\(greeting)", CommandLine.arguments.dropFirst().joined(separator: "|"))
      exit(CommandLine.arguments.contains("fail") ? 7 : 0)
      """, to: "Sources/uae/main.swift")
  }

  @Test(.tags(.slow))
  func buildsOnceThenStartsAtOnceAndNoticesAChangedSource() throws {
    let elsewhere = try TemporaryFolder()
    let first = try run([launcher, "a b", "", "*"], in: elsewhere.url, environment: bareEnvironment)
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.output == "one a b||*\n")
    #expect(first.errors.contains("compiling Native/answer.cpp"))

    let second = try run([launcher, "again"], in: elsewhere.url, environment: bareEnvironment)
    #expect(second.output == "one again\n")
    #expect(second.errors.isEmpty, "\(second.errors)")
    // A start takes some 30 ms; this only tells it from a build on a machine that is busy with other tests.
    #expect(second.seconds < 2)

    #expect(try run([launcher, "fail"], environment: bareEnvironment).status == 7)

    try setProgram(greeting: "two")
    let changed = try run([launcher], environment: bareEnvironment)
    #expect(changed.output == "two \n")
    #expect(!changed.errors.contains("Native/answer.cpp"), "an unchanged native source was compiled again")
  }

  @Test(.tags(.slow))
  func startsAtTheSameTimeWaitForOneBuild() async throws {
    let launcher = launcher
    let results = try await withThrowingTaskGroup(of: Finished.self) { group in
      for index in 0..<3 {
        group.addTask { try run([launcher, "\(index)"], environment: bareEnvironment) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.allSatisfy { $0.status == 0 }, "\(results)")
    #expect(results.map(\.output).sorted() == ["one 0\n", "one 1\n", "one 2\n"])
    #expect(results.filter { $0.errors.contains("compiling Native/answer.cpp") }.count == 1)
  }

  @Test func aLibTorchThatIsNotThereIsOneClearLine() throws {
    var environment = bareEnvironment
    environment["LIBTORCH"] = "/no/such/folder"
    let result = try run([launcher], environment: environment)
    #expect(result.status == 1)
    #expect(result.output.isEmpty)
    #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    #expect(result.errors.contains("LIBTORCH=/no/such/folder holds no LibTorch"))
  }
}
