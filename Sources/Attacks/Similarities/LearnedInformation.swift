import MutualInformation
import Torch

/// I(x, x′) as per-sample MINE learns it from K views of the sample (the paper's similarity).
public struct LearnedInformation: Similarity {
  public let views: any SampleViews
  public let configuration: MINE.Configuration

  /// - Throws: `MINEError` for a configuration that makes no sense.
  public init(views: any SampleViews, configuration: MINE.Configuration = MINE.Configuration()) throws {
    try configuration.validate()
    self.views = views
    self.configuration = configuration
  }

  /// Weights and moments, and as much again as the weights for a step's gradient.
  public var bytesPerSample: Int { configuration.stateBytes(viewShape: views.viewShape) / 3 * 4 }

  public func bind(_ tile: Tile) throws -> any BoundSimilarity {
    let estimator = try MINE.estimator(
      configuration, views: views.count, viewShape: views.viewShape, seed: tile.keyedSeed,
      indices: tile.rows.map { tile.firstIndex + $0 }, device: tile.originals.device)
    return Bound(
      views: views, steps: configuration.stepsPerIteration, rows: tile.rows, estimator: estimator,
      originals: views(tile.originals)[tile.rows].contiguous())
  }

  /// Views are taken of whole tiles, so that LibTorch does the same arithmetic for a sample in every run; networks are
  /// trained for the rows that hold samples.
  private struct Bound: BoundSimilarity {
    let views: any SampleViews
    let steps: Int
    let rows: Range<Int>
    let estimator: any MINEEstimator
    let originals: Tensor

    func evaluate(_ perturbed: Tensor, iteration: Int) -> (values: Tensor, gradient: Tensor) {
      let (all, pullback) = views.withPullback(perturbed)
      let estimate = estimator.advance(originals, all[rows], steps: steps)
      return (padded(estimate.values, like: all), pullback(padded(estimate.gradient, like: all)))
    }

    /// The rows' values among zeros for the rest of the tile.
    private func padded(_ values: Tensor, like all: Tensor) -> Tensor {
      let size = all.shape[0]
      guard rows.count < size else { return values }
      func zeros(_ count: Int) -> [Tensor] {
        count == 0 ? [] : [Tensor.zeros([count] + values.shape.dropFirst(), device: values.device)]
      }
      return concatenated(zeros(rows.lowerBound) + [values] + zeros(size - rows.upperBound))
    }
  }
}
