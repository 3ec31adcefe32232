import Foundation
import Testing

/// What pages of documentation link to is there.
@Suite struct DocumentationTests {
  @Test(arguments: ["Torch", "Models", "Attacks", "MutualInformation", "Experiments"])
  func everySymbolOfALandingPageIsPublic(_ module: String) throws {
    let folder = packageRoot.appending(path: "Sources/\(module)")
    let names = try #require(FileManager.default.enumerator(atPath: folder.path)).compactMap { $0 as? String }
    let source = try names.filter { $0.hasSuffix(".swift") }.map {
      try String(contentsOf: folder.appending(path: $0), encoding: .utf8)
    }.joined()
    let pages = names.filter { $0.hasSuffix(".md") && $0.contains(".docc/") }
    #expect(pages.contains("\(module).docc/\(module).md"))
    var links = 0
    for page in pages {
      let text = try String(contentsOf: folder.appending(path: page), encoding: .utf8)
      for link in text.matches(of: /``([A-Za-z][\w]*)(?:\/[^`]*)?(?:\([^`]*\))?``/) where link.1 != module {
        let declaration = try Regex(
          "public (?:static )?(?:final )?(?:struct|enum|protocol|class|func|typealias) \(link.1)\\b")
        #expect(source.contains(declaration), "\(page): ``\(link.1)`` is no public declaration of \(module)")
        links += 1
      }
      for link in text.matches(of: /<doc:(\w+)>/) {
        #expect(pages.contains("\(module).docc/\(link.1).md"), "\(page): \(link.1)")
      }
    }
    #expect(links > 3)
  }
}
