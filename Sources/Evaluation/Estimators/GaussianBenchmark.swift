import Torch

/// Estimators on correlated Gaussians of known information, with the optimal critic and with trained ones.
public struct GaussianBenchmark: Codable, Sendable {
  /// One estimator at one level of information.
  public struct Entry: Codable, Sendable {
    public let estimator: InformationEstimator
    /// I(X, Y) in nats.
    public let truth: Double
    /// Mean over batches that no critic was trained on.
    public let mean: Double
    /// Standard deviation from batch to batch.
    public let standardDeviation: Double
    public let batches: Int
  }

  public static let batchSize = 64
  public static let levels: [Double] = [2, 4, 6, 8, 10]

  public let optimal: [Entry]
  public let trained: [Entry]
  public let trainingSteps: Int

  /// - Parameters:
  ///   - optimalBatches: batches for the optimal critic.
  ///   - trainingSteps: Adam steps (rate 5e-4) for each trained critic, a fresh batch each.
  /// - Throws: `TorchError` where LibTorch fails.
  public init(optimalBatches: Int, trainingSteps: Int, seed: UInt64) throws {
    let gaussians = Self.levels.map { CorrelatedGaussians(information: $0) }
    optimal = try gaussians.flatMap { try Self.optimal($0, batches: optimalBatches, seed: seed) }
    trained = try InformationEstimator.allCases.flatMap { estimator in
      try gaussians.map { try Self.trained($0, estimator, steps: trainingSteps, seed: seed) }
    }
    self.trainingSteps = trainingSteps
  }

  /// All estimators on the same batches, scored by the log density ratio itself.
  public static func optimal(_ gaussians: CorrelatedGaussians, batches: Int, seed: UInt64) throws -> [Entry] {
    let estimators = InformationEstimator.allCases.filter { $0 != .mineCorrected }  // same bound as plain DV
    var values = estimators.map { _ in [Double]() }
    withoutGrad {
      for number in 0..<batches {
        let (x, y) = gaussians.batch(batchSize, seed: seed, number: -1 - number)
        let ratios = gaussians.logDensityRatios(x, y)
        for (index, estimator) in estimators.enumerated() {
          values[index].append(estimator.estimate(ratios + estimator.optimalOffset).item)
        }
      }
    }
    return try zip(estimators, values).map { try Entry($0, gaussians, $1) }
  }

  /// A separable critic trained from scratch, then judged on `judgedBatches` new batches.
  public static func trained(
    _ gaussians: CorrelatedGaussians, _ estimator: InformationEstimator, steps: Int, seed: UInt64
  ) throws -> Entry {
    let critic = SeparableCritic(dimension: gaussians.dimension, seed: seed)
    let parameters = critic.parameters
    var optimizer = Adam(learningRate: 5e-4)
    var objective = CriticObjective(estimator)
    for step in 0..<steps {
      let (x, y) = gaussians.batch(batchSize, seed: seed, number: step)
      let gradients = try grad(objective.loss(critic.scores(x, y)), parameters)
      optimizer.step(parameters, gradients.map { $0 ?? Tensor(0) })
    }
    let values = withoutGrad {
      (0..<judgedBatches).map { batch in
        let (x, y) = gaussians.batch(batchSize, seed: seed, number: steps + batch)
        return estimator.estimate(critic.scores(x, y)).item
      }
    }
    return try Entry(estimator, gaussians, values)
  }

  private static let judgedBatches = 200
}

extension GaussianBenchmark.Entry {
  fileprivate init(
    _ estimator: InformationEstimator, _ gaussians: CorrelatedGaussians, _ values: [Double]
  ) throws(StatisticsError) {
    let summary = try Summary(values)
    self.init(
      estimator: estimator, truth: gaussians.information, mean: summary.mean,
      standardDeviation: summary.standardDeviation, batches: values.count)
  }
}
