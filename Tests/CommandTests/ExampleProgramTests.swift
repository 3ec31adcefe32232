import Foundation
import Testing

/// Every program of `Examples/` runs, and what it finds is what it says.
@Suite struct ExampleProgramTests {
  @Test(arguments: ["own-model", "own-criterion", "own-family", "own-dataset"])
  func runs(_ name: String) throws {
    let place = URL(fileURLWithPath: program).deletingLastPathComponent().appending(path: name).path
    let result = try run([place])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains(try Regex("[1-9]")), "\(result.output)")
    let page = try String(contentsOf: packageRoot.appending(path: "Examples/README.md"), encoding: .utf8)
    #expect(page.contains("swift run \(name)"))
  }
}
