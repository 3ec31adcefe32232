import Attacks
import Datasets
import Experiments
import Foundation
import Models
import Runs
import StandIn
import Testing
import Torch

/// Trainings, searches and cells of studies are where they were asked to be.
@Suite(.enabled(if: StandIn.device != nil, "the stand-in device is not built; run ./test"))
struct ExperimentDeviceTests {
  let folder = NSTemporaryDirectory() + "devices-\(UUID().uuidString)"
  let other: Device
  let digits: Dataset

  init() throws {
    other = try #require(StandIn.device)
    digits = try DatasetLoader.load("digits", options: .init(limit: 100))
  }

  @Test func aTrainingIsWhereItWasAskedToBe() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let architecture = try Architecture(family: "classifier", sampleShape: digits.sampleShape, classes: 10)
    func train(_ device: Device, _ name: String) throws -> any TrainableModel {
      var training = ModelTraining(
        "training", architecture: architecture, settings: .init(), seed: 1, path: "\(folder)/\(name)")
      training.device = device
      let data = TrainingData(digits.train, device: device)
      let model = try training.run(epochs: 2, samples: data.count, progress: .quiet) { _, _ in data }
      #expect(model.device == device)
      return model
    }
    let here = try train(.cpu, "here"), there = try train(other, "there")
    let difference = zip(here.tensors, there.tensors).map { pair in
      zip(pair.0.tensor.floats, pair.1.tensor.floats).map { abs($0 - $1) }.max() ?? 0
    }
    // The host may take other kernels for its own tensors.
    #expect(difference.max() ?? 1 < 1e-3)
    // A finished model is read back to where it is wanted.
    _ = try train(other, "here")
  }

  @Test(arguments: [Recipe.farNoise, Recipe.augmentation])
  func aNamedRecipeGoesTheWholeWayThere(_ recipe: Recipe) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let plan = try AugmentPlan(
      digits, model: "dense-autoencoder", recipe: recipe, training: .init(epochs: 2), seeds: [1], threads: 1,
      device: other)
    let outcome = try AugmentRun(plan, folder: folder).run(progress: .quiet)
    #expect(outcome["test.error.retrained"]?.mean.isFinite == true)
  }

  @Test func theSearchDoesTooWithEveryWayOfAugmenting() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let request = SearchRun.Request(
      model: "dense-autoencoder", batchSize: 20, seeds: 2, updates: 4, device: other)
    let run = try SearchRun(request, digits, folder: folder, workers: 1, progress: .quiet)
    #expect(run.plan.software["device"] != nil)
    #expect(try run.run().tested.isEmpty == false)
  }

  @Test(arguments: [
    Arm(.mixup), Arm(.shift, pixels: 1), Arm(.noise, sigma: 0.1, lambda: 0.5), Arm(.starts), Arm(.untrained),
    matched,
  ])
  func everyArmIsWhereItsDataAre(_ arm: Arm) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let cell = Experiment(
      data: DataPart("digits", pool: 100, validation: 20), model: "dense-autoencoder", arm: arm,
      schedule: Schedule(updates: 4, batchSize: 20, learningRate: 0.01), seed: 1, measuresRobustness: true,
      keepsPictures: true)
    let store = try CellStore(folder: folder, software: [:], data: DatasetCache(device: other))
    let runner = try CellRunner(store: store, cells: [cell])
    try runner.run(workers: 1, progress: .quiet)
    #expect(try runner.finished().first?.outcome.trained.test?.isFinite == true)
  }

  @Test func aClassifierIsMeasuredOnDamagedSamples() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let cell = Experiment(
      data: DataPart("digits", pool: 400, validation: 20), model: "classifier", arm: Arm(.none),
      schedule: Schedule(updates: 300, batchSize: 40, learningRate: 0.002), seed: 1, measuresRobustness: true)
    let runner = try CellRunner(store: CellStore(folder: folder, software: [:]), cells: [cell])
    try runner.run(workers: 1, progress: .quiet)
    let outcome = try #require(try runner.finished().first?.outcome)
    let measured = try #require(outcome.robustness), error = try #require(outcome.trained.test)
    #expect(error < 0.6, "\(error), \(measured)")
    #expect(measured.occluded > error && measured.noisy > error, "\(error), \(measured)")
    #expect(measured.attacked > 0 && measured.attacked <= 1, "\(measured)")
  }

  @Test func criticsThatJudgeAreWhereTheImagesAre() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let study = StudyRun<Table3>(plan: try Table3.plan("smoke"), folder: folder, software: [:])
    let found = try study.run(
      workers: 1, data: DatasetCache(device: other), progress: .quiet, command: "reproduce table3")
    #expect(!found.all.isEmpty)
  }

  static let matched: Arm = {
    var arm = Arm(.attack, failures: .start)
    arm.matched = true
    return arm
  }()
}
