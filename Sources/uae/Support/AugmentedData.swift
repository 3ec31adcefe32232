import ArgumentParser
import Attacks
import Datasets
import Formats
import Models
import Torch

/// How examples enter a training.
enum ExampleUse: String, CaseIterable, ExpressibleByArgument {
  /// Half the samples of an epoch have one view of their example.
  case view
  /// Each sample has a third view, of its example.
  case third
  /// Examples are samples of their own.
  case appended
}

/// The data of a training, with examples in their places.
struct AugmentedData {
  private let train: TrainingData
  /// One example a sample; the sample itself where there is none.
  private var changed: Tensor?
  private var use: ExampleUse?
  private let seed: UInt64

  init(_ train: TrainingData, seed: UInt64) {
    self.train = train
    self.seed = seed
  }

  /// - Parameters:
  ///   - run: of `uae attack`.
  ///   - dataset: whose training samples these are.
  ///   - use: how its examples enter; nil for what the family is usually given.
  /// - Throws: ``ExamplesError`` where they are of other data, `ValidationError` for a use that the family cannot have.
  init(
    _ train: TrainingData, _ family: ModelFamily, run: String, on dataset: Dataset, use: ExampleUse?,
    seed: UInt64
  ) throws {
    let isContrastive = family.outputs.contains(.projection)
    let use = use ?? (isContrastive ? .view : .appended)
    guard isContrastive || use == .appended else {
      throw ValidationError(
        "--augment-as \(use.rawValue): \(family.name) has no views; its examples are appended")
    }
    let examples = try Examples(of: run, on: dataset)
    self.seed = seed
    let perturbed = examples.perturbed.to(train.samples.device)
    if use == .appended {
      self.train = train.appending(
        TrainingData(
          perturbed, labels: train.labels.map { labels in examples.index.map { labels[$0] } }))
      return
    }
    self.train = train
    self.use = use
    // The first copy of each; where none was found an example is its original.
    var rows = [Int?](repeating: nil, count: train.count)
    for row in examples.index.indices where rows[examples.index[row]] == nil {
      rows[examples.index[row]] = row
    }
    let all = concatenated([train.samples, perturbed])
    changed = all.gathered(rows.enumerated().map { $0.element.map { $0 + train.count } ?? $0.offset })
  }

  var count: Int { train.count }
  /// The data without examples in their views.
  var plain: TrainingData { train }

  /// The data of an epoch.
  func callAsFunction(_ epoch: Int) -> TrainingData {
    guard let changed else { return train }
    if use == .third { return TrainingData(changed, targets: train.samples) }
    return train.seen(as: changed, share: 0.5, seed: seed, epoch: epoch)
  }

  /// The model as it has to be trained.
  func adjust(_ model: any TrainableModel) -> any TrainableModel {
    guard use == .third, var encoder = model as? ContrastiveEncoder else { return model }
    encoder.settings.third = ThirdView(.view)
    return encoder
  }
}
