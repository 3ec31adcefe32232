import Attacks
import Evaluation
import Models
import MutualInformation
import Torch

/// One measurement of the study.
package struct EstimatorCell: StudyCell {
  package enum Measurement: Codable, Hashable, Sendable {
    /// All estimators on correlated Gaussians, the log density ratio as critic.
    case optimal(information: Double, batchSize: Int, batches: Int)
    /// One estimator with a critic trained from scratch.
    case trained(InformationEstimator, information: Double, steps: Int, judgedBatches: Int)
    case perSample(PerSampleBenchmark.Setting)
    /// The views' own estimate of pairs.
    case closedForm(EstimatorPairs.Description)
    /// What a critic reads of some of the pairs.
    case critic(Critic, EstimatorPairs.Description, pairs: Range<Int>, steps: [Int])
  }

  package var measurement: Measurement
  package var seed: UInt64

  package struct Outcome: Codable, Sendable {
    package var gaussians: [GaussianBenchmark.Entry] = []
    package var perSample: PerSampleBenchmark.Entry?
    package var pairs: Readings?
  }

  /// What was read of pairs.
  package struct Readings: Codable, Sendable {
    /// What each pair is.
    package var kinds: [String]
    /// The information of one view, nats.
    package var truth: [Double]
    /// After each number of steps, by single readings and by means of readings.
    package var single: [[Double]]
    package var mean: [[Double]]
  }

  package var label: String {
    switch measurement {
    case .optimal(let information, let size, _): "optimal/\(information)-nats/\(size)"
    case .trained(let estimator, let information, _, _): "trained/\(estimator.rawValue)/\(information)-nats"
    case .perSample(let setting):
      "per-sample/\(setting.views)-views/\(setting.dimensions)/rate-\(setting.learningRate)"
    case .closedForm(let pairs): "pairs/\(pairs.dataset)/closed-form"
    case .critic(let critic, let pairs, let range, _):
      "pairs/\(pairs.dataset)/\(critic.rawValue)/\(range.lowerBound)"
    }
  }

  package var sets: [DataPart] {
    switch measurement {
    case .optimal, .trained, .perSample: []
    case .closedForm(let pairs), .critic(_, let pairs, _, _): [DataPart(pairs.dataset)]
    }
  }

  package func run(_ context: CellContext) throws -> Outcome {
    var outcome = Outcome()
    switch measurement {
    case .optimal(let information, let size, let batches):
      outcome.gaussians = try GaussianBenchmark.optimal(
        CorrelatedGaussians(information: information), batchSize: size, batches: batches, seed: seed)
    case .trained(let estimator, let information, let steps, let judged):
      outcome.gaussians = [
        try GaussianBenchmark.trained(
          CorrelatedGaussians(information: information), estimator, steps: steps, judgedBatches: judged,
          seed: seed)
      ]
    case .perSample(let setting): outcome.perSample = try PerSampleBenchmark.measure(setting, seed: seed)
    case .closedForm(let description):
      let pairs = try description.load(context, seed: seed)
      let views = try Critic.recipe.views(pairs, seed: seed)
      let read = CriticRanking.plugIn(pairs.originals, pairs.perturbed, views: views)
      outcome.pairs = Readings(
        kinds: pairs.kinds, truth: pairs.truth(dimensions: views.dimension), single: [read], mean: [read])
    case .critic(let critic, let description, let range, let steps):
      let pairs = try description.load(context, seed: seed)
      outcome.pairs = try read(critic, pairs, range, steps, context)
    }
    return outcome
  }

  private func read(
    _ critic: Critic, _ pairs: EstimatorPairs, _ range: Range<Int>, _ steps: [Int], _ context: CellContext
  ) throws -> Readings {
    let views = try critic.views(pairs, seed: seed)
    var single = steps.map { _ in [Double]() }, mean = single
    for first in stride(from: range.lowerBound, to: range.upperBound, by: critic.together) {
      try context.checkCancelled()
      let group = first..<min(first + critic.together, range.upperBound)
      let read = try CriticRanking.read(
        pairs.originals[group], pairs.perturbed[group], firstIndex: first, views: views,
        configuration: try critic.configuration, steps: steps, seed: seed)
      for (index, readings) in read.enumerated() {
        single[index] += readings.single
        mean[index] += readings.mean
      }
    }
    return Readings(
      kinds: Array(pairs.kinds[range]), truth: Array(pairs.truth(dimensions: views.dimension)[range]),
      single: single, mean: mean)
  }
}

/// MINE's critics that the ranking is read by.
package enum Critic: String, Codable, CaseIterable, Sendable {
  /// As the recipe `paper` has it.
  case recipe
  /// The network and the settings of the authors' code.
  case authors

  /// As pages name it.
  var name: String {
    switch self {
    case .recipe: "recipe `paper`"
    case .authors: "authors' code"
    }
  }

  static let authorsViews = 500

  /// Pairs that are read together, and those that a cell reads.
  var together: Int { self == .recipe ? 10 : 2 }
  var perCell: Int { self == .recipe ? 50 : 6 }

  func views(_ pairs: EstimatorPairs, seed: UInt64) throws -> RandomProjection {
    let mine = try Recipe.paper.completed().similarity
    let size = pairs.originals.count / pairs.count
    switch self {
    case .recipe:
      return RandomProjection(
        count: mine.integer("projections"), dimension: mine.integer("projectedSize"), sampleSize: size,
        seed: seed, device: .cpu)
    case .authors:
      return RandomProjection(
        count: Self.authorsViews, dimension: 128, sampleSize: size, seed: seed, device: .cpu)
    }
  }

  var configuration: MINE.Configuration {
    get throws {
      let mine = try Recipe.paper.completed().similarity
      switch self {
      case .recipe:
        return MINE.Configuration(
          hiddenUnits: mine.integer("mineHidden"), stepsPerIteration: mine.integer("mineSteps"),
          learningRate: Float(mine.real("mineLearningRate")))
      case .authors:
        return MINE.Configuration(
          architecture: .authors, hiddenUnits: 10, stepsPerIteration: 20, learningRate: 1.5e-5)
      }
    }
  }
}
