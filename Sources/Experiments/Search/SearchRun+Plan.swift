import Datasets
import Formats
import Foundation
import Models
import Runs
import Torch

extension SearchRun {
  /// What a user asks of a search.
  public struct Request: Sendable {
    /// The model's family.
    public var model: String
    /// The length of its code; nil for the usual one.
    public var code: Int?
    /// Samples of an update.
    public var batchSize: Int
    /// The first seed.
    public var seed: UInt64
    /// How many paired seeds the final comparison has.
    public var seeds: Int
    /// Seconds that the whole may take, about; not for a folder that has a plan.
    public var budget: Double
    /// Updates per training in place of what the budget allows.
    public var updates: Int?
    /// Where models are trained and attacked.
    public var device: Device

    /// A search as a user asks for it.
    public init(
      model: String, code: Int? = nil, batchSize: Int = 100, seed: UInt64 = 1, seeds: Int = 6,
      budget: Double = 180,
      updates: Int? = nil, device: Device = .cpu
    ) {
      self.model = model
      self.code = code
      self.batchSize = batchSize
      self.seed = seed
      self.seeds = seeds
      self.budget = budget
      self.updates = updates
      self.device = device
    }
  }

  /// Makes a plan for the request, or goes on with the folder's.
  ///
  /// - Parameter workers: how many trainings run at a time.
  /// - Throws: ``StudyError/settings(_:)`` where the data do not suit, the budget is too small, or the folder belongs to
  ///   something else; `ModelError`.
  public init(
    _ request: Request, _ dataset: Dataset, folder: String, workers: Int, progress: RunProgress
  ) throws {
    let count = dataset.train.count
    guard count >= SearchPlan.fewest else {
      throw StudyError.settings(
        "\(dataset.name) has \(count) samples to train on; at least \(SearchPlan.fewest) are needed to hold some out and "
          + "choose by them")
    }
    guard dataset.test.count > 0 else {
      throw StudyError.settings("\(dataset.name) has no samples to test on")
    }
    if let problem = dataset.nothingToLearn { throw StudyError.settings(problem) }
    let family = try ModelFamilies.named(request.model)
    guard !family.outputs.isDisjoint(with: [.reconstruction, .logits]) else {
      throw StudyError.settings(
        "\(family.name) neither rebuilds samples nor tells classes, by which a search compares; train it with uae train"
      )
    }
    let architecture = try Architecture(
      family: request.model, sampleShape: dataset.sampleShape, code: request.code,
      classes: dataset.classNames.count)
    let model = try architecture.makeModel(seed: request.seed, device: request.device)
    let candidates = SearchCandidate.all(sampleShape: dataset.sampleShape, outputs: family.outputs)
    var plan = SearchPlan(
      dataset: dataset.name, digest: dataset.contentDigest(), samples: count,
      validation: max(4, count / 5), model: request.model, code: request.code,
      batchSize: max(2, min(request.batchSize, count - max(4, count / 5))), updates: request.updates ?? 0,
      seed: request.seed, seeds: request.seeds,
      software: Software.versions(libtorch: LibTorch.version, device: "\(request.device)"))
    if let begun = try SearchPlan.read(folder) {
      if request.updates == nil { plan.updates = begun.updates }
      if let refusal = ClaimedFolder.refusal(folder, holds: try begun.yaml, asked: try plan.yaml) {
        throw refusal
      }
    } else {
      if request.updates == nil {
        plan.updates = try SearchPlan.updates(
          budget: request.budget, secondsPerUpdate: Self.secondsPerUpdate(model, dataset, plan, workers),
          of: SearchWork(candidates: candidates, seeds: request.seeds),
          passSize: plan.passSize, workers: workers)
      }
      try ClaimedFolder.claim(folder, file: SearchPlan.fileName, text: try plan.yaml)
    }
    try self.init(
      plan, dataset, candidates: candidates.map { $0.capped(plan) }, folder: folder, workers: workers,
      device: request.device,
      progress)
  }

  /// Of a training on one thread while the other workers train too.
  private static func secondsPerUpdate(
    _ model: any TrainableModel, _ dataset: Dataset, _ plan: SearchPlan, _ workers: Int
  ) throws -> Double {
    let few = min(plan.batchSize, dataset.train.count), size = dataset.sampleShape.reduce(1, *)
    let batch = TrainingData(
      Tensor(dataset.train.values[0..<few * size], [few] + dataset.sampleShape).to(model.device),
      labels: dataset.train.labels.map { Array($0[0..<few]) }
    ).batch(Array(0..<few))
    let architecture = model.architecture, device = model.device
    return try concurrently(Array(0..<workers), threads: workers) { worker -> Double in
      var trainer = Trainer(try architecture.makeModel(seed: UInt64(worker), device: device), seed: 0)
      for _ in 0..<3 { try trainer.step(batch) }
      let start = ContinuousClock.now
      var steps = 0
      while steps < 20 || (ContinuousClock.now - start < .seconds(0.4) && steps < 10_000) {
        try trainer.step(batch)
        steps += 1
      }
      return (ContinuousClock.now - start) / .seconds(1) / Double(steps)
    }.max() ?? 1
  }
}
