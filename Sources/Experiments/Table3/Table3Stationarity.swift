import Formats
import Foundation
import Reports

/// How near to a stationary point Algorithm 1 comes, beside what Theorem 1 says: with steps of the order of 1/√T the first
/// iterate whose ‖L(δ, c)‖² is below ε′ has ε′ ≤ C/√T, so that the least value so far falls like 1/√t or faster.
struct Table3Stationarity {
  /// The mean over images at some iterations.
  private let points: [(iteration: Double, current: Table3Cell.Moments, least: Table3Cell.Moments)]

  /// Nil where no method kept what it is about.
  init?(_ rows: [Table3Row]) {
    guard let row = rows.first(where: { $0.method == .minmax }) else { return nil }
    points = row.course.compactMap { point in
      guard let current = point.stationarity, let least = point.leastStationarity, least.mean > 0 else {
        return nil
      }
      return (Double(point.iteration), current, least)
    }
    if points.count < 2 { return nil }
  }

  var values: [String: Document.Value] {
    [
      "plot": .plot("stationarity", plot), "exponent": .text(exponent.text(.decimals(2))),
      "first": .text(points[0].least.mean.text(.significant(3))),
      "last": .text(points[points.count - 1].least.mean.text(.significant(3))),
    ]
  }

  /// p of the power t^−p that fits the mean of the least values best, by least squares of the logarithms.
  private var exponent: Double {
    let x = points.map { log($0.iteration) }, y = points.map { log($0.least.mean) }
    let centreX = x.reduce(0, +) / Double(x.count), centreY = y.reduce(0, +) / Double(y.count)
    let covariance = zip(x, y).reduce(0) { $0 + ($1.0 - centreX) * ($1.1 - centreY) }
    return -covariance / x.reduce(0) { $0 + ($1 - centreX) * ($1 - centreX) }
  }

  private var plot: Plot {
    let first = points[0]
    return Plot(
      "Distance from a stationary point by iteration, means over images",
      x: PlotAxis("iteration t", scale: .logarithmic), y: PlotAxis("‖L(δ, c)‖²", scale: .logarithmic),
      marks: [
        .line(name: "iterate", points.map { Plot.Point($0.iteration, $0.current.mean) }),
        .line(name: "least so far", points.map { Plot.Point($0.iteration, $0.least.mean) }),
        .reference(
          name: "C/√t",
          points.map {
            Plot.Point($0.iteration, first.least.mean * (first.iteration / $0.iteration).squareRoot())
          }),
      ])
  }
}
