import Attacks
import Datasets
import Evaluation
import Models
import MutualInformation
import Runs
import Torch

/// What estimators of mutual information read where the truth is known.
public struct EstimatorResults: Codable, Sendable {
  public var plan: EstimatorPlan
  public var seed: UInt64
  public var dataset: String
  public var software: [String: String]
  /// Batches of 64, the log density ratio as critic.
  public var optimal: [GaussianBenchmark.Entry]
  /// The same at 10 nats for other sizes of the batch.
  public var ceiling: [GaussianBenchmark.Entry]
  /// Batches of 64, critics trained from scratch.
  public var trained: [GaussianBenchmark.Entry]
  public var perSample: [PerSampleBenchmark.Entry]
  /// The views' own estimate, the recipe's critic, that of the authors' code; of critics also the means of readings.
  public var ranking: [CriticRanking]
}

/// Measures the estimators and MINE's critics against known information.
public struct EstimatorStudy: Sendable {
  let plan: EstimatorPlan
  let dataset: Dataset
  let seed: UInt64
  let threads: Int

  /// - Parameters:
  ///   - dataset: its training samples make the pairs whose order is judged.
  ///   - threads: measurements at a time.
  public init(_ plan: EstimatorPlan, dataset: Dataset, seed: UInt64, threads: Int) {
    self.plan = plan
    self.dataset = dataset
    self.seed = seed
    self.threads = threads
  }

  /// - Throws: `CancellationError`; what an estimator throws.
  public func run(_ progress: RunProgress) throws -> EstimatorResults {
    let optimal = try map("optimal critics", GaussianBenchmark.levels, progress) {
      try GaussianBenchmark.optimal(
        CorrelatedGaussians(information: $0), batches: plan.optimalBatches, seed: seed)
    }
    let ceiling = try map("the ceiling", plan.ceilingSizes, progress) { size in
      try GaussianBenchmark.optimal(
        CorrelatedGaussians(information: 10), batchSize: size,
        batches: max(10, min(500, plan.optimalBatches * 8 / size)), seed: seed)
    }
    let critics = InformationEstimator.allCases.flatMap { estimator in
      GaussianBenchmark.levels.map { (estimator, $0) }
    }
    let trained = try map("trained critics", critics, progress) { estimator, information in
      try GaussianBenchmark.trained(
        CorrelatedGaussians(information: information), estimator, steps: plan.trainingSteps,
        judgedBatches: plan.judgedBatches, seed: seed)
    }
    // The longest first, so that no thread ends long after the others.
    let settings = plan.perSample.sorted { $0.views * $0.dimensions > $1.views * $1.dimensions }
    let perSample = try map("per-sample MINE", settings, progress) {
      try PerSampleBenchmark.measure($0, seed: seed)
    }
    return EstimatorResults(
      plan: plan, seed: seed, dataset: dataset.name, software: Software.versions(libtorch: LibTorch.version),
      optimal: optimal.flatMap(\.self), ceiling: ceiling.flatMap(\.self), trained: trained,
      perSample: perSample, ranking: try ranking(progress))
  }

  private func map<Item: Sendable, Outcome: Sendable>(
    _ title: String, _ items: [Item], _ progress: RunProgress, _ body: @Sendable (Item) throws -> Outcome
  ) throws -> [Outcome] {
    progress.begin(title, items.count)
    return try concurrently(items, threads: threads, isCancelled: progress.isCancelled) { item in
      let outcome = try body(item)
      progress.advance(1)
      return outcome
    }
  }

  private func ranking(_ progress: RunProgress) throws -> [CriticRanking] {
    progress.note("pairs of \(dataset.name)")
    let pairs = try EstimatorPairs(
      dataset, count: plan.pairs, modelSteps: plan.modelSteps, threads: threads, seed: seed)
    let size = pairs.originals.count / pairs.count
    let mine = try Recipe.paper.completed().similarity
    let projected = mine.integer("projectedSize")
    let views = RandomProjection(
      count: mine.integer("projections"), dimension: projected, sampleSize: size, seed: seed)
    let truth = pairs.truth(dimensions: projected)
    let plugIn = try CriticRanking(
      name: Self.plugIn, kinds: pairs.kinds, truth: truth,
      readings: [(0, CriticRanking.plugIn(pairs.originals, pairs.perturbed, views: views))])
    let recipe = try read(
      Self.recipe, pairs, views,
      MINE.Configuration(
        hiddenUnits: mine.integer("mineHidden"), stepsPerIteration: mine.integer("mineSteps"),
        learningRate: Float(mine.real("mineLearningRate"))),
      steps: plan.recipeSteps, atATime: 10, progress)
    let authors = try read(
      Self.authors, pairs.prefix(plan.authorsPairs),
      RandomProjection(count: 500, dimension: 128, sampleSize: size, seed: seed),
      MINE.Configuration(
        architecture: .authors, hiddenUnits: 10, stepsPerIteration: 20, learningRate: 1.5e-5),
      steps: plan.authorsSteps, atATime: 2, progress)
    return [plugIn] + recipe + authors
  }

  static let plugIn = "closed form of the views"
  static let recipe = "recipe `paper`"
  static let authors = "authors' code"
  static let averaged = ", mean of \(CriticRanking.furtherReadings + 1) readings"

  /// The ranking by single readings and the one by means of readings.
  private func read(
    _ name: String, _ pairs: EstimatorPairs, _ views: RandomProjection, _ configuration: MINE.Configuration,
    steps: [Int], atATime size: Int, _ progress: RunProgress
  ) throws -> [CriticRanking] {
    let groups = stride(from: 0, to: pairs.count, by: size).map { $0..<min($0 + size, pairs.count) }
    let read = try map("critics, \(configuration.architecture.rawValue)", groups, progress) { group in
      try CriticRanking.read(
        pairs.originals[group], pairs.perturbed[group], firstIndex: group.lowerBound, views: views,
        configuration: configuration, steps: steps, seed: seed)
    }
    let truth = pairs.truth(dimensions: views.dimension)
    func ranking(_ name: String, _ values: KeyPath<CriticRanking.Readings, [Double]>) throws -> CriticRanking
    {
      try CriticRanking(
        name: name, kinds: pairs.kinds, truth: truth,
        readings: steps.enumerated().map { at, count in (count, read.flatMap { $0[at][keyPath: values] }) })
    }
    return [try ranking(name, \.single), try ranking(name + Self.averaged, \.mean)]
  }
}
