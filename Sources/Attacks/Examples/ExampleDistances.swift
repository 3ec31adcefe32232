import Formats
import MutualInformation
import Torch

/// How far examples are from their originals by several measures, whichever of them an attack made small or large.
public struct ExampleDistances: Encodable, Sendable {
  /// ‖x′ − x‖₂ and ‖x′ − x‖∞, of values in [0, 1].
  public let l2: [Float]
  /// The largest change of a value, one a sample.
  public let linf: [Float]
  /// −½ ln(1 − cos²(x, x′)) nats: the information that a random projection of the two shares. It is infinite at x′ = x, and
  /// does not see contrast.
  public let information: [Float]
  /// The structural similarity; nil for samples that are no images.
  public let ssim: [Float]?

  /// - Parameters:
  ///   - originals: `[count] + sampleShape`.
  ///   - perturbed: likewise, on the same device.
  public init(_ originals: Tensor, _ perturbed: Tensor) {
    let shape = Array(originals.shape.dropFirst()), count = originals.shape[0]
    let likeness = shape.count == 3 ? StructuralSimilarity(shape: shape) : nil
    var l2: [Float] = [], linf: [Float] = [], information: [Float] = [], ssim: [Float] = []
    withoutGrad {
      for first in stride(from: 0, to: count, by: 1024) {
        let rows = first..<min(first + 1024, count)
        let x = originals[rows], y = perturbed[rows], delta = y - x
        l2 += delta.scaledSampleNorms().floats
        linf += delta.flattened().abs().max(1).floats
        information += GaussianInformation(x).valuesAndGradient(y).values.floats
        if let likeness { ssim += likeness(x.to(.float64), y.to(.float64)).floats }
      }
    }
    (self.l2, self.linf, self.information) = (l2, linf, information)
    self.ssim = likeness == nil ? nil : ssim
  }

  /// As arrays of a file, one value an example.
  var arrays: [(name: String, array: HostArray)] {
    [("l2", l2), ("linf", linf), ("information", information), ("ssim", ssim ?? [])].filter { !$0.1.isEmpty }
      .map { (name: $0.0, array: HostArray($0.1)) }
  }

  /// The mean of each measure over chosen examples, by name; those that are not finite are left out.
  public func means(over chosen: [Int]) -> [String: Double] {
    let all = [("l2", l2), ("linf", linf), ("information", information), ("ssim", ssim ?? [])]
    return all.reduce(into: [:]) { means, measure in
      let values = measure.1.isEmpty ? [] : chosen.map { Double(measure.1[$0]) }.filter(\.isFinite)
      if !values.isEmpty { means[measure.0] = values.reduce(0, +) / Double(values.count) }
    }
  }
}
