import Datasets
import Experiments
import Foundation
import Models
import Runs
import Testing

/// A study of attacks on a classifier that the user gives beside the study's own.
@Suite struct GivenClassifierTests {
  private let folder = NSTemporaryDirectory() + "given-\(UUID().uuidString)"

  private func run(_ arguments: [String], said: inout Int) throws -> (page: String, csv: String) {
    let plan = try Figure3.plan("smoke").narrowed(to: [
      ("images", ["8"]), ("iterations", ["2"]), ("model", arguments),
    ])
    let study = StudyRun<Figure3>(plan: plan, folder: folder + "/run", software: ["test": "1"])
    let found = try study.run(workers: 2, progress: RunProgress(style: .quiet), command: "the command")
    said = found.all.count
    let document = try study.document(found)
    return (try document.markdown(), document.records?.csv ?? "")
  }

  /// A classifier of the digits as a file, good enough to name some.
  private func write(_ name: String, seed: UInt64) throws -> String {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let data = try DatasetCache().load("digits", limit: 200)
    var trainer = Trainer(
      try Architecture(.classifier, sampleShape: [1, 8, 8], classes: 10).makeModel(seed: seed),
      optimizer: .adam(learningRate: 0.003), seed: seed)
    for epoch in 0..<10 {
      _ = try trainer.epoch(
        epoch, TrainingData(data.train, labels: data.dataset.train.labels), batchSize: 20)
    }
    let path = "\(folder)/\(name)"
    if name.hasSuffix(".pt") {
      try trainer.model.writeTorchScript(to: path)
    } else {
      try Checkpoint(trainer.model).write(to: path)
    }
    return path
  }

  @Test func itIsAttackedOnItsOwnImagesAndItsCellsDoNotDependOnWhereItsFileIs() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = try write("mine.pt", seed: 3)
    var cells = 0
    let first = try run(["mine=\(path)"], said: &cells)
    #expect(cells == 12)
    #expect(first.page.contains("## Classifier: trained here") && first.page.contains("## Classifier: mine"))
    #expect(first.csv.split(separator: "\n").count { $0.hasPrefix("mine,") } == 6)

    // Elsewhere it is the same classifier: nothing runs again, and the page is the same.
    let other = folder + "/moved.pt"
    try FileManager.default.moveItem(atPath: path, toPath: other)
    let again = try run(["mine=\(other)"], said: &cells)
    #expect(cells == 12 && again.page == first.page)

    // Another file of the same name is another one.
    let second = try run(["mine=\(try write("mine.pt", seed: 4))"], said: &cells)
    #expect(cells == 18 && second.csv != first.csv)
    #expect(second.csv.split(separator: "\n").count { $0.hasPrefix("mine,") } == 6)
  }

  /// A checkpoint of this package has a first convolution to take views from, a file of TorchScript without parts has none.
  @Test func checkpointsAreTakenToo() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var cells = 0
    let found = try run(["mine=\(try write("mine.safetensors", seed: 3))"], said: &cells)
    #expect(found.csv.split(separator: "\n").count { $0.hasPrefix("mine,") } == 6)
  }

  /// A network of the user's gives features, too, by which the classifier's own test images are at no distance from
  /// themselves.
  @Test func networksGiveFeaturesToCompareSetsBy() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = try write("mine.pt", seed: 3)
    func columns(_ arguments: [String]) throws -> (page: String, csv: [Substring]) {
      let plan = try Table2.plan("smoke").narrowed(to: [
        ("images", ["8"]), ("iterations", ["9"]), ("seeds", ["1"]), ("model", arguments),
      ])
      let study = StudyRun<Table2>(plan: plan, folder: folder + "/table2", software: ["test": "1"])
      let found = try study.run(workers: 2, progress: RunProgress(style: .quiet), command: "the command")
      let document = try study.document(found)
      return (try document.markdown(), (document.records?.csv ?? "").split(separator: "\n"))
    }
    let without = try columns([]), with = try columns(["mine=\(path)"])
    #expect(with.page.contains("kernel distance by mine") && !without.page.contains("mine"))
    #expect(with.csv.count == without.csv.count)
    // The features differ, what was attacked does not.
    for (a, b) in zip(without.csv.dropFirst(), with.csv.dropFirst()) { #expect(b.hasPrefix(a)) }
  }

  @Test func whatIsNoClassifierIsRefusedInALine() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = try write("mine.pt", seed: 3)
    for (arguments, problem) in [
      (["mine.pt"], "it must be NAME=PATH"), (["a=\(folder)/none.pt"], "there is no file"),
      (["a=\(folder)"], "there is no file"), (["a=\(path)", "a=\(path)"], "two models have one name"),
    ] {
      let error = #expect(throws: StudyError.self) {
        try Figure3.plan("smoke").narrowed(to: [("model", arguments)])
      }
      #expect(error?.description.contains(problem) == true, "\(String(describing: error))")
    }
  }
}
