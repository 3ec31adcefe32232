import Torch

/// Estimators on correlated Gaussians of known information, with the optimal critic and with trained ones.
public enum GaussianBenchmark {
  /// One estimator at one level of information.
  public struct Entry: Codable, Equatable, Sendable {
    /// Which estimator.
    public let estimator: InformationEstimator
    /// I(X, Y) in nats.
    public let truth: Double
    /// Pairs in a batch.
    public let batchSize: Int
    /// The estimates of batches that no critic was trained on.
    public let estimate: Distribution
  }

  /// The true informations, in nats.
  public static let levels: [Double] = [2, 4, 6, 8, 10]
  /// Adam's step size for trained critics.
  public static let learningRate = 5e-4

  /// The means that another implementation found with the optimal critic on batches of 64 (20 dimensions).
  public static func reference(_ estimator: InformationEstimator, information: Double) -> Double? {
    let means: [InformationEstimator: [Double]] = [
      .mine: [1.99, 4.01, 6.21, 8.61, 11.47], .nwj: [1.99, 3.96, 5.98, 8.17, 10.51],
      .infoNCE: [1.80, 3.05, 3.74, 4.02, 4.13], .smile: [2.01, 4.22, 6.70, 9.29, 12.11],
    ]
    guard let level = levels.firstIndex(of: information) else { return nil }
    return means[estimator]?[level]
  }

  /// All estimators on the same batches, scored by the log density ratio itself.
  public static func optimal(
    _ gaussians: CorrelatedGaussians, batchSize: Int = 64, batches: Int, seed: UInt64
  ) throws -> [Entry] {
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
    return try zip(estimators, values).map { try entry($0, gaussians, batchSize, $1) }
  }

  /// A separable critic trained from scratch, a fresh batch a step, then judged on `judgedBatches` new batches.
  public static func trained(
    _ gaussians: CorrelatedGaussians, _ estimator: InformationEstimator, batchSize: Int = 64, steps: Int,
    judgedBatches: Int = 200, seed: UInt64
  ) throws -> Entry {
    let critic = SeparableCritic(dimension: gaussians.dimension, seed: seed)
    let parameters = critic.parameters
    var optimizer = Adam(learningRate: learningRate)
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
    return try entry(estimator, gaussians, batchSize, values)
  }

  private static func entry(
    _ estimator: InformationEstimator, _ gaussians: CorrelatedGaussians, _ batchSize: Int, _ values: [Double]
  ) throws(StatisticsError) -> Entry {
    try StatisticsError.requireFinite(values)
    guard let estimate = Distribution(values) else { throw .tooFewValues(needed: 1, found: 0) }
    return Entry(estimator: estimator, truth: gaussians.information, batchSize: batchSize, estimate: estimate)
  }
}
