import Datasets
import Foundation
import Models
import Runs
import Synchronization
import Testing
import Torch

import Experiments

@Suite struct SearchTests {
  private static func digits(_ limit: Int = 120) throws -> Dataset {
    try DatasetLoader.load("digits", options: .init(limit: limit))
  }

  private static func with(_ dataset: Dataset, train: Samples? = nil, test: Samples? = nil) -> Dataset {
    Dataset(
      name: dataset.name, train: train ?? dataset.train, test: test ?? dataset.test,
      classNames: dataset.classNames, encoding: dataset.encoding, digest: dataset.digest)
  }

  private static func search(
    _ dataset: Dataset, folder: String? = nil, workers: Int = 2, progress: RunProgress = .quiet,
    model: String = "dense-autoencoder", updates: Int = 20
  ) throws -> (outcome: SearchRun.Outcome, folder: String) {
    let folder = folder ?? NSTemporaryDirectory() + "search-\(UUID().uuidString)"
    let request = SearchRun.Request(model: model, batchSize: 32, seeds: 2, updates: updates)
    return (
      try SearchRun(request, dataset, folder: folder, workers: workers, progress: progress).run(), folder
    )
  }

  private static let finished = Result { try search(digits()) }

  /// Whatever is in the test set, the same is chosen.
  @Test func theChoiceSeesNoTestSample() throws {
    let (outcome, _) = try Self.finished.get()
    let digits = try Self.digits()
    let other = Self.with(
      digits,
      test: Samples(
        shape: digits.test.shape, values: digits.test.values.reversed(),
        labels: digits.test.labels.map { $0.map { 9 - $0 } }))
    let changed = try Self.search(other).outcome
    #expect(changed.winner == outcome.winner && changed.adversarial == outcome.adversarial)
    #expect(changed.learningRate == outcome.learningRate)
    #expect(changed.choice.scores.map(\.change) == outcome.choice.scores.map(\.change))
    #expect(changed.choice.left.map(\.change) == outcome.choice.left.map(\.change))
    #expect(changed.tested[.same]?.map(\.testError) != outcome.tested[.same]?.map(\.testError))
  }

  /// Held-out samples are few: what gains less than a hundredth on them is not told from the same data.
  @Test(arguments: [(-0.004, true), (-0.02, false), (-0.3, false)])
  func aGainBelowAHundredthIsNotChosen(_ change: Double, _ isSame: Bool) throws {
    func score(_ candidate: SearchCandidate, _ change: Double) -> SearchChoice.Score {
      .init(candidate: candidate, change: change, seeds: 4, seconds: 1)
    }
    let other = SearchCandidate.same.lasting(2)
    let choice = SearchChoice(scores: [score(other, change), score(.same, 0)])
    #expect(choice.winner?.candidate == (isSame ? .same : other))
  }

  @Test func nothingDependsOnTheNumberOfWorkersOrOnStops() throws {
    let (outcome, _) = try Self.finished.get()
    let folder = NSTemporaryDirectory() + "search-\(UUID().uuidString)"
    var tries = 0, again: SearchRun.Outcome?
    while again == nil {
      let asked = Mutex(0), allowed = 40 + 400 * tries
      let progress = RunProgress(
        style: .quiet,
        isCancelled: {
          asked.withLock { count in
            count += 1
            return count > allowed
          }
        })
      do {
        again = try Self.search(Self.digits(), folder: folder, workers: 1, progress: progress).outcome
      } catch is CancellationError {
        tries += 1
        try #require(tries < 200)
      }
    }
    #expect(tries > 3)
    #expect(again?.choice.scores.map(\.change) == outcome.choice.scores.map(\.change))
    for (candidate, found) in outcome.tested {
      #expect(again?.tested[candidate]?.map(\.trained) == found.map(\.trained), "\(candidate.name)")
    }
  }

  @Test func theKeptModelIsTheWinnersAndItsFilesAreThere() throws {
    let (outcome, folder) = try Self.finished.get()
    let digits = try Self.digits()
    let model = try Checkpoint.read(outcome.model).model
    let errors = try sampleErrorsOfTest(model, digits)
    let error = try #require(outcome.tested[outcome.winner]?.first?.testError)
    #expect(abs(errors / error - 1) < 1e-3)
    #expect(FileManager.default.fileExists(atPath: folder + "/examples.png"))
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(try outcome.json(digits).utf8)) as? [String: Any])
    #expect((json["verdict"] as? [String])?.isEmpty == false)
    let verdict = try SearchVerdict(outcome)
    #expect(verdict.sentences.allSatisfy { !$0.contains("nan") && !$0.contains("Optional") })
    #expect(outcome.choice.scores.count + outcome.choice.left.count > 15)
    #expect(verdict.adversarialWorth != nil)
  }

  /// Examples of a classifier are those that it takes for the same class.
  @Test func aClassifierIsSearchedFor() throws {
    func flat(_ samples: Samples) -> Samples {
      Samples(shape: [64], values: samples.values, labels: samples.labels)
    }
    let digits = try Self.digits(60)
    let table = Self.with(digits, train: flat(digits.train), test: flat(digits.test))
    let outcome = try Self.search(table, model: "classifier", updates: 6).outcome
    let found = (outcome.choice.scores + outcome.choice.left).count
    #expect(found > 10)
    #expect(try Checkpoint.read(outcome.model).model.outputs.contains(.logits))
    let errors = try #require(outcome.tested[.same]).map(\.testError)
    #expect(errors.allSatisfy { 0...1 ~= $0 })
  }

  private func sampleErrorsOfTest(_ model: any Model, _ dataset: Dataset) throws -> Double {
    let entry = DatasetCache.Entry(dataset)
    let rebuilt = try model.output(.reconstruction, of: entry.test)
    let difference = rebuilt - entry.test
    return difference.square().flattened().mean(1).mean(0).item
  }

  @Test func whatCannotBeSearchedIsRefusedInOneLine() throws {
    func refusal(_ request: SearchRun.Request, _ dataset: Dataset, _ folder: String? = nil) -> String {
      let folder = folder ?? NSTemporaryDirectory() + "search-\(UUID().uuidString)"
      defer { #expect(!FileManager.default.fileExists(atPath: folder + "/cells") || folder.contains("kept")) }
      do {
        _ = try SearchRun(request, dataset, folder: folder, workers: 1, progress: .quiet)
        return ""
      } catch { return "\(error)" }
    }
    let request = SearchRun.Request(model: "dense-autoencoder")
    #expect(refusal(request, try Self.digits(19)).contains("at least 20"))
    let digits = try Self.digits()
    let flat = Self.with(
      digits,
      train: Samples(
        shape: digits.train.shape, values: [Float](repeating: 0.5, count: digits.train.values.count),
        labels: digits.train.labels))
    #expect(refusal(request, flat).contains("nothing to learn"))
    var small = request
    small.budget = 0.001
    #expect(refusal(small, try Self.digits()).contains("too small"))
    let mine = NSTemporaryDirectory() + "kept-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: mine, withIntermediateDirectories: true)
    try Data("mine".utf8).write(to: URL(fileURLWithPath: mine + "/thesis.tex"))
    #expect(refusal(request, try Self.digits(), mine).contains("thesis.tex"))
    let (_, folder) = try Self.finished.get()
    var other = SearchRun.Request(model: "dense-autoencoder", batchSize: 32, seeds: 3, updates: 20)
    let message = { () -> String in
      do {
        _ = try SearchRun(other, try Self.digits(), folder: folder, workers: 1, progress: .quiet)
        return ""
      } catch { return "\(error)" }
    }
    #expect(message().contains("seeds: 2"))
    other.seeds = 2
    #expect(message() == "")
  }
}
