import Foundation
import Testing

/// `uae report` writes a page that is well-formed and asks nothing of a network.
@Suite struct ReportTests {
  private let folder: TemporaryFolder
  private var path: String { folder.url.path }

  init() throws { folder = try TemporaryFolder() }

  /// What every page is, judged by Python's strict XML parser, and what this one must hold.
  private func judge(_ page: String, holds texts: [String], pictures: Int) throws {
    try folder.write(texts.joined(separator: "\n"), to: "wanted.txt")
    let script = """
      import base64, re, sys, xml.etree.ElementTree as tree
      page = open(sys.argv[1], encoding="utf-8").read()
      assert page.startswith("<!DOCTYPE html>")
      root = tree.fromstring(page.split("\\n", 1)[1])
      assert "default-src 'none'" in root.find("head").findall("meta")[1].get("content")
      pictures = 0
      for element in root.iter():
          assert element.tag in ("html head meta title style body h1 h2 h3 h4 h5 h6 nav ul li a section p pre code table thead tbody "
                                 "tr th td img figure figcaption div strong em").split(), element.tag
          for name, value in element.attrib.items():
              assert not name.startswith("on"), name
              if name == "src":
                  kind, data = re.fullmatch(r"data:image/(png|jpeg|svg\\+xml);base64,(.+)", value).groups()
                  head = base64.b64decode(data, validate=True)[:400]
                  assert head[:4] == b"\\x89PNG" or b"<svg" in head, head[:20]
                  pictures += 1
              if name == "href":
                  assert value.startswith("#") or re.match("https?://", value), value
                  assert not value.startswith("#") or root.find(f".//*[@id='{value[1:]}']") is not None, value
      text = "".join(root.itertext())
      for wanted in open(sys.argv[2]).read().split("\\n"):
          assert wanted in text, wanted
      assert pictures >= int(sys.argv[3]), pictures
      """
    try folder.write(script, to: "judge.py")
    let result = try run(["python3", path + "/judge.py", page, path + "/wanted.txt", "\(pictures)"])
    #expect(result.status == 0, "\(result.errors)")
  }

  @Test func aRunsPageHoldsItsCommandResultsPicturesPlotsAndSettings() throws {
    let made = try run(
      [
        program, "augment", "--dataset", "digits", "--limit", "60", "--epochs", "3", "--seeds", "2",
        "--recipe",
        "far-noise", "--out", "my run", "--threads", "1", "--quiet",
      ], in: folder.url)
    #expect(made.status == 0, "\(made.errors)")
    let result = try run([program, "report", "my run"], in: folder.url)
    #expect(result.status == 0, "\(result.errors)")
    try judge(
      path + "/my run.html",
      holds: [
        "augment --dataset digits", "test.error.retrained", "Settings: recipe.yaml", "examples.png",
        "far-noise", "success",
      ],
      pictures: 3)
    // Again only when asked for.
    #expect(try run([program, "report", "my run"], in: folder.url).errors.contains("--overwrite"))
    #expect(try run([program, "report", "my run", "--overwrite"], in: folder.url).status == 0)
  }

  @Test func aStudysPageIsTheStudys() throws {
    let docs = packageRoot.appending(path: "docs")
    for name in ["table3.md", "table3.csv", "table3-images"] {
      try FileManager.default.createDirectory(atPath: path + "/study", withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: docs.path + "/\(name)", toPath: "\(path)/study/\(name)")
    }
    #expect(try run([program, "report", "study", "--out", "page.html"], in: folder.url).status == 0)
    try judge(
      path + "/page.html",
      holds: ["Supervised examples: MinMax against the penalty method", "the attack's own critic"],
      pictures: 1)
  }

  @Test func whatAFolderHoldsIsNeverRun() throws {
    try folder.write(
      """
      # <script>alert(1)</script>

      [x](javascript:alert(1)) ![a](../../secret.png) ![b](https://example.org/b.png) <img src="https://example.org/c.png">

      | a | <b> |
      |---|-----|
      | `x|y` & | "q" |

      ```
      </pre><script>
      """, to: "hostile/page.md")
    try folder.write("\u{1B}[31m: </pre>\u{0}", to: "hostile/recipe.yaml")
    try folder.write(#"{"a": {"mean": 1}, "b": "</td><script>"}"#, to: "hostile/results.json")
    try folder.write("{\"command\": [\"<script>\"]}\n{\"tag\": 1}\ncut", to: "hostile/metrics.jsonl")
    #expect(try run([program, "report", "hostile"], in: folder.url).status == 0)
    try judge(path + "/hostile.html", holds: ["<script>alert(1)</script>"], pictures: 0)
    for (name, says) in [("nowhere", "is no folder"), ("empty", "has no results")] {
      if name == "empty" {
        try FileManager.default.createDirectory(atPath: path + "/empty", withIntermediateDirectories: true)
      }
      let refused = try run([program, "report", name], in: folder.url)
      #expect(refused.status == 1)
      #expect(refused.errors.contains(says), "\(refused.errors)")
    }
  }

  private static let browser = ["chromium", "chromium-browser", "google-chrome"].first {
    (try? run(["sh", "-c", "command -v \($0)"]).status) == 0
  }

  /// Its text and pictures are laid out, and no request fails.
  @Test(.enabled(if: browser != nil, "there is no Chromium")) func aBrowserShowsIt() throws {
    let browser = try #require(Self.browser)
    let docs = packageRoot.appending(path: "docs")
    for name in ["table3.md", "table3.csv", "table3-images"] {
      try FileManager.default.createDirectory(atPath: path + "/my study", withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: docs.path + "/\(name)", toPath: "\(path)/my study/\(name)")
    }
    #expect(try run([program, "report", "my study"], in: folder.url).status == 0)
    let shown = try run([
      browser, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=\(path)/browser",
      "--window-size=1200,2000", "--screenshot=\(path)/page.png", "file://\(path)/my%20study.html",
    ])
    #expect(shown.status == 0, "\(shown.errors)")
    let size = (try FileManager.default.attributesOfItem(atPath: path + "/page.png"))[.size] as? Int
    #expect((size ?? 0) > 20_000, "an empty page")
    #expect(!shown.errors.contains("Refused to load"), "\(shown.errors)")
  }
}
