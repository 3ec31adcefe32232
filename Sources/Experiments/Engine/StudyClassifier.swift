import Evaluation
import Models
import Torch

/// The classifier that the cells of a study attack, trained by the one that needs it first.
struct StudyClassifier: Encodable {
  var dataset: String
  /// The first training samples that it learns from, where not all are taken.
  var samples: Int?
  var epochs: Int

  /// The model, the test samples' labels, and the places of those that it names correctly.
  ///
  /// - Throws: ``StudyError/settings(_:)`` for data without labels; `CancellationError`; what training throws.
  func load(_ entry: DatasetCache.Entry, _ context: CellContext) throws -> (
    model: any TrainableModel, labels: [Int], correct: [Int]
  ) {
    guard let labels = entry.dataset.test.labels else {
      throw StudyError.settings("\(dataset) has no labels")
    }
    let path = try context.artifact("classifier-\(dataset)", key: self) {
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
    let model = try Checkpoint.read(path, device: context.data.device).model
    let predicted = try predictedClasses(model, entry.test)
    return (model, labels, labels.indices.filter { predicted[$0] == labels[$0] })
  }
}
