import Evaluation

/// How much the study of the estimators measures.
public struct EstimatorPlan: Codable, Sendable {
  public var name: String
  /// Batches of 64 for the optimal critic at each level of information.
  var optimalBatches = 2_000
  /// Steps of training for each critic on the correlated Gaussians, and the batches that it is then judged on.
  var trainingSteps = 3_000
  var judgedBatches = 200
  /// Batch sizes at which the ceiling is shown, at 10 nats.
  var ceilingSizes = [4, 16, 64, 256, 1024]
  var perSample: [PerSampleBenchmark.Setting]
  /// Pairs (x, x′) of real samples for the recipe's critic, and its steps of training.
  var pairs = 1_000
  var recipeSteps = [20, 100, 200, 400, 800]
  /// The same for the network and the settings of the authors' code, which costs some hundred times as much a step.
  var authorsPairs = 60
  var authorsSteps = [20, 100, 200]
  /// Steps of training of the autoencoder that the adversarial pairs are made against.
  var modelSteps = 3_000

  /// MINE's step size in the recipe `paper`, and one at which it comes close to its optimum.
  static let learningRates: [Float] = [1e-3, 1e-2]
  static let cosine = 0.9

  public static let full = EstimatorPlan(
    name: "full",
    perSample: [(96, 96), (500, 48), (5_000, 8)].flatMap { views, samples in
      learningRates.flatMap { rate in
        (1...8).map { dimensions in
          PerSampleBenchmark.Setting(
            cosine: cosine, dimensions: dimensions, views: views, learningRate: rate,
            steps: [20, 100, 200, 400, 800], samples: samples)
        }
      }
    })

  /// Everything at the smallest size that can be measured: to see that it works.
  public static let quick = EstimatorPlan(
    name: "quick", optimalBatches: 20, trainingSteps: 20, judgedBatches: 20, ceilingSizes: [4, 64],
    perSample: learningRates.map {
      PerSampleBenchmark.Setting(
        cosine: cosine, dimensions: 1, views: 96, learningRate: $0, steps: [20, 40], samples: 8)
    },
    pairs: 30, recipeSteps: [10, 40], authorsPairs: 12, authorsSteps: [1, 20], modelSteps: 100)
}
