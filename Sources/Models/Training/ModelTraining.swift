import Formats
import Foundation
import Runs
import Torch

/// Trains one model from scratch, saving its state as it goes, and finds its way back from what was saved.
public struct ModelTraining: Sendable {
  /// The model that is trained.
  public var architecture: Architecture
  /// How it is trained.
  public var settings: TrainingSettings
  /// The seed of the weights and of whatever is drawn.
  public var seed: UInt64
  /// Where the finished model goes; the state of an unfinished training stands beside it with the ending `.training`.
  public var path: String
  /// What progress calls it.
  public var title: String
  /// Where the model is trained; its data have to be there.
  public var device = Device.cpu
  /// Passes at the beginning over which the learning rate rises to its full size.
  public var warmUp = 0
  /// How the model is trained otherwise than by its own settings.
  public var adjusting: @Sendable (any TrainableModel) -> any TrainableModel = { $0 }
  /// What to say of the model after an epoch, beside its loss.
  public var monitor: (@Sendable (_ epoch: Int, _ model: any TrainableModel) throws -> String?)?
  /// The state is saved only after this many epochs or a multiple of them.
  public var savesEvery = 1
  /// The processes that train the model together: the first of them writes the files.
  public var group: (any ProcessGroup)?

  /// A training whose states are kept at a path, where one is given.
  public init(
    _ title: String, architecture: Architecture, settings: TrainingSettings, seed: UInt64, path: String
  ) {
    self.title = title
    self.architecture = architecture
    self.settings = settings
    self.seed = seed
    self.path = path
  }

  private func adjusted(_ model: any TrainableModel) -> any TrainableModel {
    guard let group, var encoder = adjusting(model) as? ContrastiveEncoder else { return adjusting(model) }
    encoder.group = group
    return encoder
  }

  /// Seconds between two savings of an unfinished training.
  static let savingInterval = 20.0

  /// Each epoch's data, given the number of the epoch and the model as it is.
  public typealias EpochData = (_ epoch: Int, _ model: any TrainableModel) throws -> TrainingData

  /// Trains for `epochs` passes, or goes on with an unfinished training, or reads the finished model.
  ///
  /// After the warm-up the learning rate falls to 0 along half a cosine, so that runs are compared where training ends, not where its noise
  /// happened to be.
  ///
  /// - Parameter samples: how many an epoch's data usually has; with `epochs` it says how long the cosine is.
  /// - Returns: the trained model.
  /// - Throws: `CancellationError` once the state is saved; ``ModelError``; what reading and writing throw.
  public func run(
    epochs: Int, samples: Int, progress: RunProgress, data: EpochData
  ) throws -> any TrainableModel {
    if FileManager.default.fileExists(atPath: path) { return try Checkpoint.read(path, device: device).model }
    let unfinished = path + ".training"
    let stepsPerEpoch = (samples + settings.batchSize - 1) / settings.batchSize
    let rising = min(warmUp, epochs - 1)
    let falling = LearningRateSchedule.cosine(steps: (epochs - rising) * stepsPerEpoch)
    let schedule = rising == 0 ? falling : .warmUp(steps: rising * stepsPerEpoch, then: falling)
    var trainer: Trainer
    var first = 0
    if FileManager.default.fileExists(atPath: unfinished),
      let saved = try? Checkpoint.read(unfinished, device: device),
      saved.model.architecture == architecture
    {
      trainer = Trainer(adjusted(saved.model), optimizer: settings.optimizer, schedule: schedule, seed: seed)
      trainer.state = saved.training
      first = saved.epoch
      progress.note("\(title): continuing after epoch \(first)")
    } else {
      trainer = Trainer(
        adjusted(try architecture.makeModel(seed: seed, device: device)), optimizer: settings.optimizer,
        schedule: schedule, seed: seed)
    }
    progress.begin(title, epochs, done: first)
    let clock = ContinuousClock()
    var saved = clock.now
    for epoch in first..<max(first, epochs) {
      let loss = try trainer.epoch(epoch, data(epoch, trainer.model), batchSize: settings.batchSize)
      progress.log?.scalar("loss/\(title)", loss, step: epoch + 1)
      let remark = try monitor?(epoch, trainer.model).map { ", " + $0 } ?? ""
      progress.advance(1, "loss \(loss.text(.general(4)))" + remark)
      guard epoch + 1 < epochs, (epoch + 1) % savesEvery == 0 else { continue }
      let cancelled = try isCancelled(progress)
      if isWriting, cancelled || clock.now - saved > .seconds(Self.savingInterval) {
        try Checkpoint(trainer.model, training: trainer.state, epoch: epoch + 1).write(to: unfinished)
        saved = clock.now
      }
      if cancelled { throw CancellationError() }
    }
    if isWriting {
      try Checkpoint(trainer.model, epoch: epochs).write(to: path)
      try? FileManager.default.removeItem(atPath: unfinished)
    }
    return trainer.model
  }

  private var isWriting: Bool { (group?.rank ?? 0) == 0 }

  /// Whether to stop, which all processes do once one of them is told to.
  private func isCancelled(_ progress: RunProgress) throws -> Bool {
    let own = progress.isCancelled()
    guard let group, group.count > 1 else { return own }
    return try group.sum([own ? 1 : 0])[0] > 0
  }
}
