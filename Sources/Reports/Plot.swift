/// A chart with two axes, written as an SVG file that needs nothing else.
public struct Plot: Sendable {
  /// A point in the axes' own units; one that is not finite leaves a gap.
  public struct Point: Sendable {
    /// Along the horizontal axis.
    public var x: Double
    /// Along the vertical axis.
    public var y: Double
    /// A point.
    public init(_ x: Double, _ y: Double) {
      self.x = x
      self.y = y
    }
  }

  /// A named bar, its whisker from `lower` to `upper`.
  public struct Bar: Sendable {
    /// What stands below it.
    public var label: String
    /// Its height, in the axis's unit.
    public var value: Double
    /// The lower end of its interval, where it has one.
    public var lower: Double?
    /// The upper end of its interval, where it has one.
    public var upper: Double?
    /// A bar.
    public init(_ label: String, _ value: Double, lower: Double? = nil, upper: Double? = nil) {
      self.label = label
      self.value = value
      self.lower = lower
      self.upper = upper
    }
  }

  /// What is drawn; a name puts the mark into the legend.
  public enum Mark: Sendable {
    /// Joined points, with a band from `lower` to `upper` (one value a point) where given.
    case line(name: String?, [Point], lower: [Double] = [], upper: [Double] = [])
    /// As a line, dashed and black: the truth that the others are compared with.
    case reference(name: String?, [Point])
    /// Points that are not joined.
    case scatter(name: String?, [Point])
    /// One bar a label, side by side; the x axis shows the labels.
    case bars([Bar])
    /// Shares of the values in `bins` equal steps of the x axis.
    case histogram(name: String?, [Double], bins: Int = 40)
  }

  /// What stands above.
  public var title: String
  /// The horizontal axis.
  public var x: PlotAxis
  /// The vertical axis.
  public var y: PlotAxis
  /// What is drawn, the first below.
  public var marks: [Mark]
  /// Its width in pixels.
  public var width: Double
  /// Its height in pixels.
  public var height: Double

  /// A plot of marks.
  public init(
    _ title: String, x: PlotAxis, y: PlotAxis, width: Double = 640, height: Double = 380, marks: [Mark]
  ) {
    self.title = title
    self.x = x
    self.y = y
    self.width = width
    self.height = height
    self.marks = marks
  }

  /// The SVG document.
  /// - Throws: ``ReportError/nothingToDraw(_:)`` where no mark has a finite point.
  public func svg() throws(ReportError) -> String {
    let points = marks.flatMap(\.extent)
    guard points.contains(where: { $0.x.isFinite && $0.y.isFinite }) else {
      throw .nothingToDraw("plot '\(title)' has no finite point")
    }
    let labels = bars.map(\.label)
    let legend = PlotLegend(marks: marks)
    let frame = PlotFrame(
      left: 68, top: 34, right: width - max(18, legend.width), bottom: height - (slanted(labels) ? 100 : 52))
    let fittedX = FittedAxis(
      labels.isEmpty ? x : PlotAxis(x.label, range: -0.6...Double(labels.count) - 0.4),
      values: points.map(\.x), withZero: false, pixels: (frame.left, frame.right))
    let standing = marks.contains { $0.standsOnZero }
    let fittedY = FittedAxis(
      y, values: counted(over: fittedX).map(\.y), withZero: standing, pixels: (frame.bottom, frame.top))

    var writer = PlotWriter(frame: frame, x: fittedX, y: fittedY)
    writer.title(title, width: width)
    if labels.isEmpty { writer.xTicks() } else { writer.xLabels(labels, slanted: slanted(labels)) }
    writer.yTicks()
    writer.axisLabels(height: height)
    for (index, mark) in marks.enumerated() { writer.draw(mark, colour: legend.colour(of: index)) }
    legend.write(to: &writer, x: frame.right + 14, y: frame.top + 8)
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(width))" height="\(Int(height))" \
      viewBox="0 0 \(Int(width)) \(Int(height))" font-family="sans-serif" font-size="12">
      <rect width="100%" height="100%" fill="white"/>
      \(writer.lines.joined(separator: "\n"))
      </svg>

      """
  }

  private var bars: [Bar] {
    marks.lazy.compactMap { if case .bars(let bars) = $0 { bars } else { nil } }.first ?? []
  }

  /// The marks' points, with histograms as the tops of their bins.
  private func counted(over axis: FittedAxis) -> [Point] {
    marks.flatMap { mark -> [Point] in
      if case .histogram(_, let values, let bins) = mark {
        return histogramShares(values, bins: bins, low: axis.low, high: axis.high).map { Point(0, $0) }
      }
      return mark.extent
    }
  }

  private func slanted(_ labels: [String]) -> Bool {
    Double(labels.map(\.count).max() ?? 0) * 7 > (width - 90) / Double(max(1, labels.count))
  }
}

extension Plot.Mark {
  var name: String? {
    switch self {
    case .line(let name, _, _, _), .reference(let name, _), .scatter(let name, _), .histogram(let name, _, _):
      name
    case .bars: nil
    }
  }

  var standsOnZero: Bool {
    switch self {
    case .bars, .histogram: true
    default: false
    }
  }

  /// Points whose smallest box holds the mark.
  var extent: [Plot.Point] {
    switch self {
    case .line(_, let points, let lower, let upper):
      points + zip(points, lower).map { Plot.Point($0.x, $1) }
        + zip(points, upper).map { Plot.Point($0.x, $1) }
    case .reference(_, let points), .scatter(_, let points): points
    case .bars(let bars):
      bars.enumerated().flatMap { index, bar in
        [bar.value, bar.lower ?? bar.value, bar.upper ?? bar.value].map { Plot.Point(Double(index), $0) }
      }
    case .histogram(_, let values, _): values.map { Plot.Point($0, 0) }
    }
  }
}

/// Share of the values in each of `bins` equal steps from `low` to `high`.
func histogramShares(_ values: [Double], bins: Int, low: Double, high: Double) -> [Double] {
  var counts = [Int](repeating: 0, count: max(1, bins))
  for value in values where value.isFinite && value >= low && value <= high {
    counts[min(counts.count - 1, Int((value - low) / (high - low) * Double(counts.count)))] += 1
  }
  return counts.map { Double($0) / Double(max(1, values.count)) }
}
