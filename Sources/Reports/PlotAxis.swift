import Foundation

/// One axis of a ``Plot``.
public struct PlotAxis: Sendable {
  /// How values become distances.
  public enum Scale: Sendable {
    /// In proportion.
    case linear
    /// In proportion to the logarithm; values must be positive.
    case logarithmic
  }

  /// What stands beside it, with the unit.
  public var label: String
  /// How values become places.
  public var scale: Scale
  /// What the axis covers; by default all marks, and 0 where bars or histograms stand on it.
  public var range: ClosedRange<Double>?

  /// An axis; without a range it has that of the values.
  public init(_ label: String, scale: Scale = .linear, range: ClosedRange<Double>? = nil) {
    self.label = label
    self.scale = scale
    self.range = range
  }
}

/// An axis fitted to its values: from a value to a pixel, and where the ticks go.
struct FittedAxis {
  let axis: PlotAxis
  let low: Double
  let high: Double
  let pixels: (start: Double, end: Double)

  /// - Parameter values: everything to be shown; values that the scale cannot show are passed over.
  init(_ axis: PlotAxis, values: [Double], withZero: Bool, pixels: (start: Double, end: Double)) {
    self.axis = axis
    self.pixels = pixels
    let shown = values.filter { $0.isFinite && (axis.scale == .linear || $0 > 0) }
    var (low, high) = (shown.min() ?? 0, shown.max() ?? 1)
    if withZero, axis.scale == .linear { (low, high) = (min(low, 0), max(high, 0)) }
    if let range = axis.range {
      (low, high) = (range.lowerBound, range.upperBound)
    } else if axis.scale == .linear {
      let margin = high > low ? 0.04 * (high - low) : max(abs(high), 1) * 0.5
      if !(withZero && low == 0) { low -= margin }
      if !(withZero && high == 0) { high += margin }
    } else if low == high {
      (low, high) = (low / 2, high * 2)
    }
    self.low = low
    self.high = high
  }

  func position(_ value: Double) -> Double {
    let (a, b, v) =
      axis.scale == .linear
      ? (low, high, value) : (log(low), log(high), value > 0 ? log(value) : log(low))
    return pixels.start + (v - a) / (b - a) * (pixels.end - pixels.start)
  }

  /// Round numbers within the range, about `count` of them, with their labels.
  func ticks(about count: Int) -> [(value: Double, label: String)] {
    axis.scale == .linear ? linearTicks(about: count) : logarithmicTicks()
  }

  private func linearTicks(about count: Int) -> [(value: Double, label: String)] {
    let raw = 0.7 * (high - low) / Double(max(1, count))
    let power = pow(10, floor(log10(raw)))
    let step = power * ([1, 2, 5].first { $0 * power >= raw } ?? 10)
    let decimals = min(12, max(0, Int(-floor(log10(step) + 1e-9))))
    let large = max(abs(low), abs(high)) >= 1e6
    let first = Int(ceil(low / step - 1e-9))
    let last = max(first, Int(floor(high / step + 1e-9)))
    return (first...last).map { index in
      let value = index == 0 ? 0 : Double(index) * step
      return (value, String(format: large ? "%g" : "%.\(decimals)f", value))
    }
  }

  private func logarithmicTicks() -> [(value: Double, label: String)] {
    let exponents = Int(floor(log10(low)))...Int(ceil(log10(high)))
    let factors: [Double] = exponents.count > 4 ? [1] : [1, 2, 5]
    let values = exponents.flatMap { exponent in factors.map { $0 * pow(10, Double(exponent)) } }
    let shown = values.filter { $0 >= low * (1 - 1e-9) && $0 <= high * (1 + 1e-9) }
    return shown.map { ($0, String(format: "%g", $0)) }
  }
}
