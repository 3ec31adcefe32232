/// The rectangle that the axes enclose, in pixels.
struct PlotFrame {
  let left, top, right, bottom: Double
}

/// Writes a plot's parts as SVG elements.
struct PlotWriter {
  let frame: PlotFrame
  let x: FittedAxis
  let y: FittedAxis
  var lines: [String] = []

  mutating func text(
    _ content: String, x: Double, y: Double, anchor: String = "middle", attributes: String = ""
  ) {
    lines.append(
      "<text x=\"\(c(x))\" y=\"\(c(y))\" text-anchor=\"\(anchor)\"\(attributes)>\(Markup.escaped(content))</text>"
    )
  }

  mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, stroke: String, attributes: String = ""
  ) {
    lines.append(
      "<line x1=\"\(c(x1))\" y1=\"\(c(y1))\" x2=\"\(c(x2))\" y2=\"\(c(y2))\" stroke=\"\(stroke)\"\(attributes)/>"
    )
  }

  mutating func title(_ title: String, width: Double) {
    text(title, x: width / 2, y: 20, attributes: " font-size=\"14\" font-weight=\"bold\"")
  }

  mutating func xTicks() {
    for tick in x.ticks(about: 7) {
      let position = x.position(tick.value)
      line(position, frame.top, position, frame.bottom, stroke: "#e4e4e4")
      text(tick.label, x: position, y: frame.bottom + 16)
    }
  }

  mutating func xLabels(_ labels: [String], slanted: Bool) {
    for (index, label) in labels.enumerated() {
      let position = x.position(Double(index))
      let y = frame.bottom + 16
      if slanted {
        text(
          label, x: position, y: y, anchor: "end",
          attributes: " transform=\"rotate(-30 \(c(position)) \(c(y)))\"")
      } else {
        text(label, x: position, y: y)
      }
    }
  }

  mutating func yTicks() {
    for tick in y.ticks(about: 6) {
      let position = y.position(tick.value)
      line(frame.left, position, frame.right, position, stroke: "#e4e4e4")
      text(tick.label, x: frame.left - 6, y: position + 4, anchor: "end")
    }
  }

  mutating func axisLabels(height: Double) {
    let middle = (frame.top + frame.bottom) / 2
    line(frame.left, frame.bottom, frame.right, frame.bottom, stroke: "#444444")
    line(frame.left, frame.top, frame.left, frame.bottom, stroke: "#444444")
    text(x.axis.label, x: (frame.left + frame.right) / 2, y: height - 12)
    text(y.axis.label, x: 16, y: middle, attributes: " transform=\"rotate(-90 16 \(c(middle)))\"")
  }

  mutating func draw(_ mark: Plot.Mark, colour: String) {
    switch mark {
    case .line(_, let points, let lower, let upper):
      if lower.count == points.count, upper.count == points.count {
        let outline = zip(points, lower).map { ($0.x, $1) } + zip(points, upper).reversed().map { ($0.x, $1) }
        lines.append("<polygon points=\"\(path(outline))\" fill=\"\(colour)\" fill-opacity=\"0.18\"/>")
      }
      polyline(points, stroke: colour, attributes: " stroke-width=\"2\"")
      if points.count <= 40 { dots(points, colour: colour, radius: 2.5) }
    case .reference(_, let points):
      polyline(points, stroke: colour, attributes: " stroke-width=\"1.5\" stroke-dasharray=\"6 4\"")
    case .scatter(_, let points):
      dots(
        points, colour: colour, radius: points.count > 200 ? 1.6 : 3, opacity: points.count > 200 ? 0.5 : 0.85
      )
    case .bars(let bars): draw(bars)
    case .histogram(_, let values, let bins): draw(histogram: values, bins: bins, colour: colour)
    }
  }

  private mutating func polyline(_ points: [Plot.Point], stroke: String, attributes: String) {
    // A gap where a value is missing, not a line across it.
    for run in points.split(whereSeparator: { !$0.x.isFinite || !$0.y.isFinite }) {
      lines.append(
        "<polyline points=\"\(path(run.map { ($0.x, $0.y) }))\" fill=\"none\" stroke=\"\(stroke)\"\(attributes)/>"
      )
    }
  }

  private mutating func dots(_ points: [Plot.Point], colour: String, radius: Double, opacity: Double = 1) {
    lines.append("<g fill=\"\(colour)\" fill-opacity=\"\(opacity)\">")
    for point in points where point.x.isFinite && point.y.isFinite {
      lines.append(
        "<circle cx=\"\(c(x.position(point.x)))\" cy=\"\(c(y.position(point.y)))\" r=\"\(radius)\"/>")
    }
    lines.append("</g>")
  }

  private mutating func draw(_ bars: [Plot.Bar]) {
    let half = 0.35 * (x.position(1) - x.position(0))
    for (index, bar) in bars.enumerated() where bar.value.isFinite {
      let middle = x.position(Double(index))
      let colour = Palette.colour(index)
      rectangle(from: middle - half, to: middle + half, value: bar.value, colour: colour, opacity: 0.85)
      guard let lower = bar.lower, let upper = bar.upper else { continue }
      line(middle, y.position(lower), middle, y.position(upper), stroke: "#222222")
      for end in [lower, upper] {
        line(middle - 5, y.position(end), middle + 5, y.position(end), stroke: "#222222")
      }
    }
  }

  private mutating func draw(histogram values: [Double], bins: Int, colour: String) {
    let shares = histogramShares(values, bins: bins, low: x.low, high: x.high)
    let step = (x.pixels.end - x.pixels.start) / Double(shares.count)
    for (index, share) in shares.enumerated() where share > 0 {
      let left = x.pixels.start + Double(index) * step
      rectangle(from: left, to: left + step, value: share, colour: colour, opacity: 0.55)
    }
  }

  private mutating func rectangle(from: Double, to: Double, value: Double, colour: String, opacity: Double) {
    let (zero, top) = (y.position(max(0, y.low)), y.position(value))
    lines.append(
      "<rect x=\"\(c(from))\" y=\"\(c(min(zero, top)))\" width=\"\(c(to - from))\" height=\"\(c(abs(zero - top)))\""
        + " fill=\"\(colour)\" fill-opacity=\"\(opacity)\"/>")
  }

  private func path(_ points: [(Double, Double)]) -> String {
    points.map { "\(c(x.position($0.0))),\(c(y.position($0.1)))" }.joined(separator: " ")
  }

  private func c(_ value: Double) -> String { Markup.coordinate(value) }
}

/// The names of the marks beside the frame, and the colour of each mark.
struct PlotLegend {
  let marks: [Plot.Mark]

  var width: Double {
    let longest = marks.compactMap(\.name?.count).max() ?? 0
    return longest == 0 ? 0 : Double(longest) * 6.8 + 48
  }

  func colour(of index: Int) -> String {
    if case .reference = marks[index] { return "#222222" }
    let earlier = marks[..<index].count { if case .reference = $0 { false } else { true } }
    return Palette.colour(earlier)
  }

  func write(to writer: inout PlotWriter, x: Double, y: Double) {
    var line = y
    for (index, mark) in marks.enumerated() {
      guard let name = mark.name else { continue }
      var attributes = " stroke-width=\"3\""
      if case .reference = mark { attributes = " stroke-width=\"1.5\" stroke-dasharray=\"6 4\"" }
      writer.line(x, line, x + 18, line, stroke: colour(of: index), attributes: attributes)
      writer.text(name, x: x + 24, y: line + 4, anchor: "start")
      line += 18
    }
  }
}
