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
  /// The learned perceptual distance; nil without its weights, and for samples that it is not for.
  public let perceptual: [Float]?

  /// - Parameters:
  ///   - originals: `[count] + sampleShape`.
  ///   - perturbed: likewise, on the same device.
  public init(_ originals: Tensor, _ perturbed: Tensor) {
    let shape = Array(originals.shape.dropFirst()), count = originals.shape[0]
    let likeness = shape.count == 3 ? StructuralSimilarity(shape: shape) : nil
    let seen = PerceptualDistance.installed(for: shape, on: originals.device)
    // Its network's maps are large: some hundred megabytes at a time.
    let together = max(1, (1 << 20) / max(1, shape.suffix(2).reduce(1, *)))
    var l2: [Float] = [], linf: [Float] = [], information: [Float] = [], ssim: [Float] = []
    var perceptual: [Float] = []
    withoutGrad {
      for first in stride(from: 0, to: count, by: 1024) {
        let rows = first..<min(first + 1024, count)
        let x = originals[rows], y = perturbed[rows], delta = y - x
        l2 += delta.scaledSampleNorms().floats
        linf += delta.flattened().abs().max(1).floats
        information += GaussianInformation(x).valuesAndGradient(y).values.floats
        if let likeness { ssim += likeness(x.to(.float64), y.to(.float64)).floats }
      }
      for first in stride(from: 0, to: seen == nil ? 0 : count, by: together) {
        let rows = first..<min(first + together, count)
        if let seen { perceptual += seen(originals[rows], perturbed[rows]).floats }
      }
    }
    (self.l2, self.linf, self.information) = (l2, linf, information)
    self.ssim = likeness == nil ? nil : ssim
    self.perceptual = seen == nil ? nil : perceptual
  }

  /// By name; empty where a measure is not for these samples.
  private var measures: [(name: String, values: [Float])] {
    [
      ("l2", l2), ("linf", linf), ("information", information), ("ssim", ssim ?? []),
      ("perceptual", perceptual ?? []),
    ]
  }

  /// As arrays of a file, one value an example.
  var arrays: [(name: String, array: HostArray)] {
    measures.filter { !$0.values.isEmpty }.map { (name: $0.name, array: HostArray($0.values)) }
  }

  /// The mean of each measure over chosen examples, by name; those that are not finite are left out.
  public func means(over chosen: [Int]) -> [String: Double] {
    measures.reduce(into: [:]) { means, measure in
      let values = measure.values.isEmpty ? [] : chosen.map { Double(measure.values[$0]) }.filter(\.isFinite)
      if !values.isEmpty { means[measure.name] = values.reduce(0, +) / Double(values.count) }
    }
  }
}
