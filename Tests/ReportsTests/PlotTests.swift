import Foundation
import Reports
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Collects elements and texts; a document that is not well-formed fails to parse.
private final class Elements: NSObject, XMLParserDelegate {
  private(set) var found: [(name: String, attributes: [String: String])] = []
  private(set) var texts: [String] = []
  private var buffer = ""

  init(_ document: String) throws {
    super.init()
    let parser = XMLParser(data: Data(document.utf8))
    parser.delegate = self
    try #require(parser.parse(), "not well-formed: \(String(describing: parser.parserError))")
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    found.append((name, attributes))
    buffer = ""
  }
  func parser(_ parser: XMLParser, foundCharacters string: String) { buffer += string }
  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?)
  {
    if name == "text" { texts.append(buffer) }
  }

  func all(_ name: String) -> [[String: String]] { found.filter { $0.name == name }.map(\.attributes) }
  func numbers(_ name: String, _ attribute: String) -> [Double] {
    all(name).compactMap { $0[attribute].flatMap(Double.init) }
  }
}

@Suite struct PlotTests {
  @Test func pointsLieInProportion() throws {
    let plot = Plot(
      "p", x: PlotAxis("x"), y: PlotAxis("y"),
      marks: [.scatter(name: nil, [.init(0, 10), .init(1, 30), .init(4, 20)])])
    let svg = try Elements(plot.svg())
    let (x, y) = (svg.numbers("circle", "cx"), svg.numbers("circle", "cy"))
    #expect(abs((x[1] - x[0]) * 4 - (x[2] - x[0])) < 0.5)
    #expect(abs((y[0] - y[1]) - 2 * (y[0] - y[2])) < 0.3)
    #expect(y[1] < y[0], "larger values are higher up")
  }

  @Test func logarithmicAxesSpaceDecadesEvenly() throws {
    let plot = Plot(
      "p", x: PlotAxis("K", scale: .logarithmic), y: PlotAxis("y"),
      marks: [.scatter(name: nil, [.init(1, 0), .init(10, 1), .init(100, 2)])])
    let x = try Elements(plot.svg()).numbers("circle", "cx")
    #expect(abs((x[1] - x[0]) - (x[2] - x[1])) < 0.2)
  }

  @Test(arguments: [
    ([0.0, 1.0], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ([0.0031, 0.0092], ["0.004", "0.005", "0.006", "0.007", "0.008", "0.009"]),
    ([-40, 260.0], ["-50", "0", "50", "100", "150", "200", "250"]),
  ])
  func ticksAreRoundNumbers(ends: [Double], expected: [String]) throws {
    let plot = Plot(
      "", x: PlotAxis(""), y: PlotAxis(""),
      marks: [.scatter(name: nil, [.init(0, ends[0]), .init(1, ends[1])])])
    let texts = try Elements(plot.svg()).texts
    #expect(expected.allSatisfy(texts.contains), "\(texts)")
  }

  @Test func barsStandOnZeroAndCarryWhiskers() throws {
    let plot = Plot(
      "b", x: PlotAxis(""), y: PlotAxis("error"),
      marks: [
        .bars([.init("a", 2, lower: 1.5, upper: 2.5), .init("b", 4, lower: 3, upper: 4.5), .init("c", -1)])
      ])
    let svg = try Elements(plot.svg())
    let heights = svg.numbers("rect", "height")
    #expect(heights.count == 3)
    #expect(abs(heights[1] - 2 * heights[0]) < 0.3)
    #expect(abs(heights[0] - 2 * heights[2]) < 0.3)
    #expect(svg.all("line").count { $0["stroke"] == "#222222" } == 6)
    #expect(["a", "b", "c"].allSatisfy(svg.texts.contains))
  }

  @Test func histogramsShowShares() throws {
    let values = [Double](repeating: 0.1, count: 30) + [Double](repeating: 0.9, count: 10)
    let plot = Plot(
      "h", x: PlotAxis("f", range: 0...1), y: PlotAxis("share"),
      marks: [.histogram(name: "f", values, bins: 2)])
    let heights = try Elements(plot.svg()).numbers("rect", "height")
    #expect(heights.count == 2)
    #expect(abs(heights[0] - 3 * heights[1]) < 0.4)
  }

  @Test func missingValuesLeaveGaps() throws {
    let points = [0.0, 1, .nan, 3, 4].enumerated().map { Plot.Point(Double($0), $1) }
    let svg = try Elements(
      Plot("g", x: PlotAxis(""), y: PlotAxis(""), marks: [.line(name: nil, points)]).svg())
    #expect(svg.all("polyline").count == 2)
    #expect(svg.all("circle").count == 4)
  }

  @Test func textIsEscaped() throws {
    let plot = Plot(
      "a < b & \"c\"", x: PlotAxis("x > y"), y: PlotAxis(""), marks: [.scatter(name: "<i>", [.init(0, 0)])])
    #expect(try Elements(plot.svg()).texts.contains("a < b & \"c\""))
  }

  @Test func nothingFiniteIsRefused() {
    #expect(throws: ReportError.nothingToDraw("plot 'e' has no finite point")) {
      try Plot("e", x: PlotAxis(""), y: PlotAxis(""), marks: [.scatter(name: nil, [.init(.nan, 1)])]).svg()
    }
  }
}
