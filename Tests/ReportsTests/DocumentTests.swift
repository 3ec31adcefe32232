import Formats
import Foundation
import Reports
import Testing

@Suite struct DocumentTests {
  private struct Row: Sendable {
    var name: String
    var error: CellContent
    var rate: Double?
  }

  private let columns: [Column<Row>] = [
    Column("name") { $0.name }, Column("test error", key: "test_error") { $0.error },
    Column("rate", .percent(1)) { $0.rate },
  ]
  private let rows = [
    Row(name: "a", error: .spread(mean: 0.012345, deviation: 0.00067, count: 3), rate: 0.5),
    Row(name: "b", error: .number(.nan), rate: nil),
    Row(name: "c", error: .interval(0.25, 0.125...0.5), rate: 1),
  ]

  @Test func aColumnServesPagesFilesAndPlots() throws {
    let records = try Records(columns, rows)
    #expect(
      records.table.rows == [
        ["a", "0.01235 ± 0.00067", "50.0 %"], ["b", "–", "–"], ["c", "0.2500 [0.1250, 0.5000]", "100.0 %"],
      ])
    #expect(records.table.columns == ["name", "test error", "rate"])
    #expect(records.csv == "name,test_error,rate\na,0.012345,0.5\nb,nan,\nc,0.25,1.0\n")
    #expect(
      JSON.line(records)
        == #"[{"name":"a","rate":0.5,"test_error":{"count":3,"mean":0.012345,"standardDeviation":0.00067}},"#
        + #"{"name":"b","test_error":"nan"},"#
        + #"{"name":"c","rate":1,"test_error":{"lower":0.125,"upper":0.5,"value":0.25}}]"#)
    let changes = Column<Double>("change", .change(1)) { CellContent.interval($0, -0.5...0.5) }
    #expect(changes.text(0.25) == "+25.0 % [-50.0, +50.0]")
    let bar = try #require(changes.bar("x", 0.25))
    #expect(bar.value == 25 && bar.lower == -50 && bar.upper == 50)
    #expect(columns[2].bar("x", rows[1]) == nil)
  }

  private func page(_ text: String, _ values: [String: Document.Value]) throws -> String {
    try Document(Template("page", text), values).markdown()
  }

  @Test func partsAreThereRepeatedOrNot() throws {
    let text =
      "{{#all}}\n- {{name}}{{#note}} ({{.}}){{/note}}{{^last()}};{{/last()}}\n{{/all}}\n{{#none}}\nnothing\n{{/none}}\n<end>"
    let items: [[String: Document.Value]] = [
      ["name": .text("a & b"), "note": .optional("x")], ["name": .text("c"), "note": .optional(nil)],
    ]
    #expect(
      try page(text, ["all": .list(items), "none": .list([], as: "items")]) == "- a & b (x);\n- c\n<end>\n")
  }

  @Test func aNameWithoutAValueAndAValueWithoutAPlaceAreRefused() throws {
    #expect(throws: ReportError.unknownNames(template: "page", missing: ["b"], unused: ["c"])) {
      try page("{{a}} {{b}}", ["a": .text("1"), "c": .text("2")])
    }
    #expect(throws: ReportError.unknownNames(template: "page", missing: ["x"], unused: [])) {
      try page("{{#l}}{{x}}{{/l}}", ["l": .list([["y": .text("1")]])])
    }
    #expect(throws: ReportError.self) { try Template("page", "{{#open}}") }
  }

  @Test func allFilesOfAPageAppearAndOldPicturesGo() throws {
    let folder = NSTemporaryDirectory() + "document-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let plot = Plot("p", x: PlotAxis("x"), y: PlotAxis("y"), marks: [.scatter(name: nil, [.init(1, 2)])])
    func document(_ name: String) throws -> Document {
      Document(
        try Template("page", "# Title\n\n## One\n\ntext\n\n## Two\n\n{{plot}}"), ["plot": .plot(name, plot)],
        records: try Records(columns, rows), json: Data("{}".utf8))
    }
    try document("old").write(page: folder + "/page.md")
    try document("new").write(page: folder + "/page.md")
    let found = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
    #expect(found == ["page-images", "page-images/new.svg", "page.csv", "page.json", "page.md"])
    #expect(try document("new").section("One") == "text")
    #expect(
      try String(contentsOfFile: folder + "/page.md", encoding: .utf8).hasSuffix(
        "![p](page-images/new.svg)\n"))
  }
}
