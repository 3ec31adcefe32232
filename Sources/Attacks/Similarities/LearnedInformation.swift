import Models
import MutualInformation
import Torch

/// I(x, x′) as per-sample MINE learns it from K views of the sample (the paper's similarity).
public struct LearnedInformation: Similarity {
  /// The views of a sample between which it is learned.
  public let views: any SampleViews
  /// The network that learns it, and how.
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
      originals: views(tile.originals.to(.float32))[tile.rows].contiguous())
  }

  /// Views are taken of whole tiles, so that LibTorch does the same arithmetic for a sample in every run; networks are
  /// trained for the rows that hold samples, in float32 whatever the samples are in.
  private struct Bound: BoundSimilarity {
    let views: any SampleViews
    let steps: Int
    let rows: Range<Int>
    let estimator: any MINEEstimator
    let originals: Tensor
    var closedForm: ClosedForm? { nil }

    func evaluate(_ perturbed: Tensor, iteration: Int) -> (values: Tensor, gradient: Tensor) {
      let (all, pullback) = views.withPullback(perturbed.to(.float32))
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

extension RegisteredSimilarity {
  static let mine = RegisteredSimilarity(
    "mine", "per-sample MINE, as in the paper",
    settings: [
      .text(
        "views", "automatic",
        "what the critic sees: convolution (the model's first), projection (random), automatic, or a submodule's name"
      ),
      .word("critic", MINE.Architecture.vanilla, "MINE's network"),
      .integer("mineSteps", 20, in: 0...10_000, "MINE's training steps per iteration"),
      .real("mineLearningRate", 1e-3, in: .positive(upTo: 1), "MINE's learning rate"),
      .integer("mineHidden", 16, in: 1...4096, "H, MINE's hidden units"),
      .integer("projections", 96, in: 2...100_000, "K, the number of random projections"),
      .integer("projectedSize", 128, in: 1...100_000, "D, the length of a random projection"),
    ]
  ) { context, choice in
    try LearnedInformation(
      views: makeViews(context, choice),
      configuration: MINE.Configuration(
        architecture: choice.word("critic", usual: .vanilla), hiddenUnits: choice.integer("mineHidden"),
        stepsPerIteration: choice.integer("mineSteps"), learningRate: Float(choice.real("mineLearningRate"))))
  }

  private static func makeViews(_ context: Context, _ choice: Choice) throws -> any SampleViews {
    let kind = choice.text("views"), model = context.model
    switch kind {
    case "automatic", "projection":
      if kind == "automatic", let views = try model.views(nil, samples: context.samples) { return views }
      return RandomProjection(
        count: choice.integer("projections"), dimension: choice.integer("projectedSize"),
        sampleSize: model.sampleShape.reduce(1, *), seed: context.seed, device: model.device)
    case "convolution":
      guard let views = try model.views(nil, samples: context.samples) else {
        throw RecipeError(
          "views: \(model.name) has no first convolution to take views from; use 'projection'")
      }
      return views
    default:
      guard let views = try model.views(kind, samples: context.samples) else {
        throw RecipeError("views: \(model.name) has no part '\(kind)'; use 'projection'")
      }
      return views
    }
  }
}
