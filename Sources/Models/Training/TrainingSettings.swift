/// How a model is trained.
public struct TrainingSettings: Codable, Equatable, Sendable {
  /// Passes over the data; `nil` takes ``defaultEpochs(_:samples:batchSize:)``.
  public var epochs: Int?
  /// Samples in a step.
  public var batchSize = 100
  /// Replaces the model's own optimizer and rate where given.
  public var optimizer: OptimizerConfiguration?

  /// Settings; nil stands for the family's own.
  public init(epochs: Int? = nil, batchSize: Int = 100, optimizer: OptimizerConfiguration? = nil) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.optimizer = optimizer
  }

  /// The fewest optimizer steps that the default trains for: a small set needs more passes than the paper's 60,000.
  public static let fewestSteps = 3000

  /// The epochs of the family's authors, more for small sets so that there are at least
  /// ``fewestSteps`` optimizer steps.
  public static func defaultEpochs(_ family: ModelFamily, samples: Int, batchSize: Int) -> Int {
    let stepsPerEpoch = max(1, (samples + batchSize - 1) / batchSize)
    return max(family.epochs, (fewestSteps + stepsPerEpoch - 1) / stepsPerEpoch)
  }

  /// - Throws: ``ModelError`` where a setting is out of range.
  public func validate() throws {
    if let epochs, !(1...100_000 ~= epochs) {
      throw ModelError.settings("epochs is \(epochs); it must be from 1 to 100000")
    }
    if !(1...100_000 ~= batchSize) {
      throw ModelError.settings("batch size is \(batchSize); it must be from 1 to 100000")
    }
  }
}
