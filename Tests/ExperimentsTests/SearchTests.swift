import Datasets
import Evaluation
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

  /// A training that diverged has lost; where that of the same data alone did, all others are better.
  @Test(arguments: [
    (2, 1, -0.5), (0, 0, 0), (0, 1, .infinity), (1, .infinity, .infinity), (.infinity, 1, -1),
    (.infinity, .infinity, .infinity), (1, .nan, .infinity),
  ])
  func aChangeIsANumber(_ same: Double, _ error: Double, _ change: Double) {
    #expect(SearchChoice.change(from: same, to: error) == change)
  }

  private static func comparison(_ of: [Double], _ with: [Double]) throws -> SearchVerdict.Comparison {
    try #require(
      SearchVerdict.Comparison(
        .init(name: "a", error: try Summary(of)), .init(name: "b", error: try Summary(with))))
  }

  /// The sign-flip test of four pairs has no p below 1/8, whatever their interval says.
  @Test func fewSeedsDoNotMakeAChangeCertain() throws {
    let errors = [1.0, 1.1, 0.9, 1.05, 0.95, 1.02]
    for count in [4, 6] {
      let with = Array(errors.prefix(count))
      let comparison = try Self.comparison(with.map { 0.5 * $0 }, with)
      #expect(comparison.interval.map { $0.upperBound < 0 } == true)
      #expect(comparison.isCertain == (count == 6))
      #expect(comparison.doubt.contains("with \(count) seeds"))
    }
    #expect(
      try Self.comparison([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5]).doubt.contains("includes no change"))
  }

  @Test func anErrorOfZeroIsNoDivisor() throws {
    let zeros = [Double](repeating: 0, count: 6)
    let worse = try Self.comparison([1, 1.1, 0.9, 1.05, 0.95, 1.02], zeros)
    #expect(worse.isCertain && worse.interval == nil)
    #expect(worse.text.contains("from an error of 0"))
    let same = try Self.comparison(zeros, zeros)
    #expect(!same.isCertain && !same.text.contains("nan"))
  }

  /// Attacks take as long however few the updates are; more samples leave a budget fewer of these.
  @Test func aBudgetCountsTheSamplesThatAreAttacked() throws {
    let work = SearchWork(
      candidates: SearchCandidate.all(sampleShape: [1, 28, 28], outputs: [.reconstruction]), seeds: 6)
    func updates(_ samples: Double, budget: Double = 180) throws -> Int {
      try SearchPlan.updates(
        budget: budget, secondsPerUpdate: 0.001, of: work, passSize: samples / 100, workers: 2)
    }
    #expect(try updates(500) > updates(10_000))
    // No attack takes longer than some trainings: of very many samples, examples are made of a part.
    #expect(try updates(60_000) == updates(600_000))
    #expect(throws: StudyError.self) { try updates(60_000, budget: 1) }
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

  /// What diverges on all the data only is left out with a word; the others' figures stand.
  @Test func adversarialArmsThatDivergeAtTheEndAreLeftOut() throws {
    let (outcome, folder) = try Self.search(Self.digits())
    let name = try #require(outcome.adversarial?.name), cells = folder + "/cells"
    var changed = 0
    for file in try FileManager.default.contentsOfDirectory(atPath: cells) {
      let url = URL(fileURLWithPath: "\(cells)/\(file)")
      var record = try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
      let cell = record["cell"] as? [String: Any], experiment = cell?["experiment"] as? [String: Any]
      guard cell?["name"] as? String == name, experiment?["usesTest"] as? Bool == true else { continue }
      record["outcome"] = ["divergence": "diverged"]
      try JSONSerialization.data(withJSONObject: record).write(to: url)
      changed += 1
    }
    #expect(changed == 2)
    let again = try Self.search(Self.digits(), folder: folder).outcome
    #expect(again.adversarial == nil && again.picture == nil)
    #expect(again.winner == (outcome.winner == outcome.adversarial ? .same : outcome.winner))
    let sentences = try SearchVerdict(again).sentences
    #expect(sentences.first?.contains("\(name) diverged on all the training data with 2 of 2 seeds") == true)
    #expect(again.tested[.same]?.map(\.trained) == outcome.tested[.same]?.map(\.trained))
  }

  /// A name like that is left where a process died while it wrote the folder's first file.
  @Test func leavingsOfACutWriteDoNotBlockAFolder() throws {
    let folder = NSTemporaryDirectory() + "search-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data("half".utf8).write(to: URL(fileURLWithPath: folder + "/.plan.yaml.77-1a2b.partial"))
    let request = SearchRun.Request(model: "dense-autoencoder", seed: .max, updates: 20)
    let run = try SearchRun(request, Self.digits(), folder: folder, workers: 1, progress: .quiet)
    #expect(run.plan.testSeeds == [.max, 0, 1, 2, 3, 4])
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
    let row = digits.train[0..<1].values
    let rows = Self.with(
      digits,
      train: Samples(
        shape: digits.train.shape, values: (0..<120).flatMap { _ in row }, labels: digits.train.labels))
    #expect(refusal(request, rows).contains("all the same"))
    #expect(refusal(.init(model: "simclr-convnet"), digits).contains("neither rebuilds"))
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
    // The same files read in another way.
    let inverted = Self.with(
      digits,
      train: Samples(
        shape: digits.train.shape, values: digits.train.values.map { 1 - $0 }, labels: digits.train.labels))
    #expect(throws: StudyError.self) {
      try SearchRun(other, inverted, folder: folder, workers: 1, progress: .quiet)
    }
  }
}
