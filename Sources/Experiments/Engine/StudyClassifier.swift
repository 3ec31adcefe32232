import Attacks
import Evaluation
import Models
import MutualInformation
import Torch

/// The classifier that the cells of a study attack, and the test images that it names correctly.
struct StudyClassifier {
  let model: any Model
  /// The images to attack `[count] + sampleShape`, and their classes.
  let set: Tensor
  let labels: [Int]
  /// On the whole test set.
  let accuracy: Double
  private let dataset: String

  /// What decides the classifier.
  private struct Key: Encodable {
    var dataset: String
    var samples: Int?
    var epochs: Int
  }

  /// - Parameters:
  ///   - given: the user's classifier that is attacked; nil for one that is trained here.
  ///   - count: the least number of images.
  /// - Throws: ``StudyError/settings(_:)`` for data without labels, or fewer images; `CancellationError`; what training or
  ///   reading the user's model throws.
  init(
    _ plan: some ClassifierStudyPlan, given: GivenModel? = nil, atLeast count: Int,
    _ context: CellContext
  ) throws {
    let entry = try context.data.load(plan.dataset, limit: plan.samples)
    guard let labels = entry.dataset.test.labels else {
      throw StudyError.settings("\(plan.dataset) has no labels")
    }
    if let given {
      model = try given.opened(on: entry.test, as: .logits)
    } else {
      let key = Key(dataset: plan.dataset, samples: plan.samples, epochs: plan.epochs)
      let path = try context.artifact("classifier-\(plan.dataset)", key: key) {
        try Self.trained(entry, epochs: plan.epochs, context)
      }
      model = try Checkpoint.read(path, device: context.data.device).model
    }
    let predicted = try predictedClasses(model, entry.test)
    let correct = labels.indices.filter { predicted[$0] == labels[$0] }
    let chosen = Array(correct.prefix(plan.images))
    guard chosen.count >= count else {
      throw StudyError.settings(
        "\(plan.dataset): only \(chosen.count) test images are classified correctly"
          + (given.map { " by \($0.name)" } ?? ""))
    }
    set = entry.test.gathered(chosen)
    self.labels = chosen.map { labels[$0] }
    accuracy = Double(correct.count) / Double(labels.count)
    dataset = plan.dataset
  }

  /// The checkpoint, made by the cell that needs it first.
  private static func trained(
    _ entry: DatasetCache.Entry, epochs: Int, _ context: CellContext
  ) throws -> [UInt8] {
    let data = TrainingData(entry.train, labels: entry.dataset.train.labels)
    let architecture = Architecture(
      .classifier, sampleShape: entry.dataset.sampleShape, classes: entry.dataset.classNames.count)
    let batchSize = 128
    let steps = epochs * ((data.count + batchSize - 1) / batchSize)
    var trainer = Trainer(
      try architecture.makeModel(seed: 1, device: context.data.device), schedule: .cosine(steps: steps),
      seed: 1)
    for epoch in 0..<epochs {
      try context.checkCancelled()
      _ = try trainer.epoch(epoch, data, batchSize: batchSize)
    }
    return try Checkpoint(trainer.model).encoded()
  }

  /// The outputs of the classifier's first convolution as views of an image.
  /// - Throws: ``StudyError/settings(_:)`` where it has none.
  func convolution() throws -> any SampleViews {
    guard let views = try model.views(nil, samples: set[0..<1]) else {
      throw StudyError.settings("the classifier of \(dataset) has no first convolution to take views from")
    }
    return views
  }

  /// The same of a user's model, whose first part that gives several maps of an image stands for it; random projections where
  /// there is none.
  func views(seed: UInt64) throws -> any SampleViews {
    let few = set[0..<1]
    if let views = try model.views(nil, samples: few) { return views }
    for part in (model as? ScriptModel)?.script.submoduleNames ?? [] {
      if let views = try? model.views(part, samples: few) { return views }
    }
    return RandomProjection(sampleSize: few.count, seed: seed, device: model.device)
  }

  /// An attack that gives images another class.
  func attack(
    _ solver: any Solver, surrogate: Surrogate = .margin, similarity: any Similarity = Distance(),
    seed: UInt64
  ) -> Attack {
    Attack(
      criterion: Misclassification(labels: labels, surrogate: surrogate) { [model] in
        try model.output(.logits, of: $0)
      }, similarity: similarity, solver: solver, seed: seed, device: model.device)
  }

  /// The same for the most alike, by a critic that learns over views.
  /// - Throws: `MINEError` for a configuration that makes no sense.
  func attack(
    _ solver: any Solver, likeness views: any SampleViews, _ critic: MINE.Configuration, seed: UInt64
  ) throws -> Attack {
    attack(
      solver, similarity: Opposite(try LearnedInformation(views: views, configuration: critic)), seed: seed)
  }
}
