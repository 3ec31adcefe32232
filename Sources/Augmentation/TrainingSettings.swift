import Models

/// How an autoencoder is trained.
public struct TrainingSettings: Codable, Equatable, Sendable {
  /// Passes over the data; `nil` takes ``defaultEpochs(_:samples:batchSize:)``.
  public var epochs: Int?
  public var batchSize = 100
  /// Replaces the model's own optimizer and rate where given.
  public var optimizer: OptimizerConfiguration?

  public init(epochs: Int? = nil, batchSize: Int = 100, optimizer: OptimizerConfiguration? = nil) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.optimizer = optimizer
  }

  /// The fewest optimizer steps that the default trains for: a small set needs more passes than the paper's 60,000.
  public static let fewestSteps = 3000

  /// The authors' epochs (20; sparse and adversarial 50), more for small sets so that there are at least
  /// ``fewestSteps`` optimizer steps.
  public static func defaultEpochs(_ kind: AutoencoderKind, samples: Int, batchSize: Int) -> Int {
    let authors = kind == .sparse || kind == .adversarial ? 50 : 20
    let stepsAnEpoch = max(1, (samples + batchSize - 1) / batchSize)
    return max(authors, (fewestSteps + stepsAnEpoch - 1) / stepsAnEpoch)
  }

  public func validate() throws {
    if let epochs, !(1...100_000 ~= epochs) {
      throw RecipeError("epochs is \(epochs); it must be from 1 to 100000")
    }
    if !(1...100_000 ~= batchSize) {
      throw RecipeError("batch size is \(batchSize); it must be from 1 to 100000")
    }
  }
}
