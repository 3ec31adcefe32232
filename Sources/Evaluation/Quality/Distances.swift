import Foundation

/// How far a perturbed sample is from its original, as a vector.
public struct PerturbationSize: Codable, Sendable, Equatable {
  /// ‖x' − x‖₂
  public let l2: Double
  /// ‖x' − x‖∞
  public let lInfinity: Double
  /// x·x' / (‖x‖ ‖x'‖); absent where one of them is the zero vector.
  public let cosine: Double?
}

/// Sizes of `perturbed − original`. Sums run in double precision: squares of tiny floats would underflow in single.
public func perturbationSize(
  of perturbed: ArraySlice<Float>, from original: ArraySlice<Float>
) -> PerturbationSize {
  var (squares, largest, dot, normX, normY) = (0.0, 0.0, 0.0, 0.0, 0.0)
  for (p, o) in zip(perturbed, original) {
    let (y, x) = (Double(p), Double(o))
    squares += (y - x) * (y - x)
    largest = max(largest, abs(y - x))
    dot += x * y
    normX += x * x
    normY += y * y
  }
  let norms = normX.squareRoot() * normY.squareRoot()
  return PerturbationSize(
    l2: squares.squareRoot(), lInfinity: largest,
    cosine: norms > 0 ? min(1, max(-1, dot / norms)) : nil)
}

/// Peak signal-to-noise ratio in decibels, 10·log₁₀(range² / MSE); nil for identical samples, where it is infinite.
public func peakSignalToNoise(
  of perturbed: ArraySlice<Float>, from original: ArraySlice<Float>, dataRange: Double = 1
) -> Double? {
  let l2 = perturbationSize(of: perturbed, from: original).l2
  let meanSquare = l2 * l2 / Double(max(1, original.count))
  return meanSquare > 0 ? 10 * log10(dataRange * dataRange / meanSquare) : nil
}
