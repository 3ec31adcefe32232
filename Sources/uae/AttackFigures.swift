import Attacks
import Evaluation
import Formats
import Models
import Runs
import Torch

/// What an attack reports: of its one file what stands in that, of a run's folder what its shards hold.
struct AttackFigures: Encodable {
  let samples: Int
  let samplesPlanned: Int
  let counts: ShardCounts
  let successRate: Double
  let meanSimilarity: Double?
  /// Examples that succeeded before they were brought into the file's type.
  var lost: Int?
  /// The means over the successes by every measure of distance; in a file each example has its own.
  var distances: [String: Double]?
  /// ‖δ‖₂ inside and outside of what the model reads, where that is not all.
  var read: ReadDistances?
  /// What the examples do to the classifier's decisions, where the data have labels.
  var classes: ClassFigures?
  /// The same of each other model, by its path.
  var judges: [String: Judgement] = [:]

  /// What the checks before the run found out about model and attack.
  var checks: [Check] = []

  /// A finding of the checks.
  struct Check: Encodable {
    let subject: String
    let text: String
    /// Whether it speaks against the result.
    let isProblem: Bool

    init(_ finding: ModelInspection.Finding) {
      (subject, text, isProblem) = (finding.subject, finding.text, finding.spoils)
    }
  }

  /// What another model makes of the examples.
  struct Judgement: Encodable {
    var classes: ClassFigures?
    /// What the criterion asks of its decision.
    var aim: Judges.Aim
    /// The share of the successes that do to the other model's decision what the criterion asks for: change it, keep it, or
    /// bring it to the target.
    var transferRate: Double
  }

  init(_ totals: RunTotals) {
    (samples, samplesPlanned, counts) = (totals.samples, totals.samplesPlanned, totals.counts)
    (successRate, meanSimilarity) = (totals.successRate, totals.meanSimilarity)
  }

  init(_ file: ExampleFile) {
    (samples, samplesPlanned, counts) = (file.records.count, file.records.count, file.counts)
    (successRate, meanSimilarity, lost) = (file.records.successRate, file.meanSimilarity, file.lost)
    let succeeded = file.records.succeeded
    distances = file.distances.means(over: succeeded.indices.filter { succeeded[$0] })
  }

  /// Scores the examples as they are written: by how far they are in what the model reads, by its classes and by other models.
  ///
  /// - Parameters:
  ///   - set: all samples `[count, …]`.
  ///   - labels: one per sample, from 0.
  mutating func judge(
    _ examples: Examples, _ set: Tensor, _ model: any Model, labels: [Int]?, _ others: Judges
  ) throws {
    let originals = set.gathered(examples.index)
    let perturbed = examples.perturbed.to(set.device)
    func own(_ labels: [Int]?) -> [Int]? { labels.map { all in examples.index.map { all[$0] } } }
    let won = examples.succeeded.indices.filter { examples.succeeded[$0] }
    read = model.readValues.map { ReadDistances(originals, perturbed, read: $0, over: won) }
    if model.outputs.contains(.logits), let labels = own(labels) {
      classes = try ClassFigures(model, originals, perturbed, labels: labels)
    }
    let targets = others.aim == .reach && !others.isEmpty ? try predictedClasses(model, perturbed) : []
    for (judge, labels) in zip(others.models, others.labels) {
      let before = try predictedClasses(judge, originals), after = try predictedClasses(judge, perturbed)
      let transferred = won.map { row in
        switch others.aim {
        case .change: before[row] != after[row]
        case .keep: before[row] == after[row]
        case .reach: after[row] == targets[row]
        }
      }
      judges[judge.name] = Judgement(
        classes: own(labels).map { ClassFigures(before: before, after: after, labels: $0) }, aim: others.aim,
        transferRate: mean(transferred.map { $0 ? 1 : 0 }))
    }
  }

  func sayJudgements() {
    if let read {
      print(
        "‖δ‖₂ \(read.inside.text(.general(4))) in what the model reads, \(read.outside.text(.general(4))) outside of it"
      )
    }
    if let classes { print(classes.text) }
    for (name, judgement) in judges.sorted(by: { $0.key < $1.key }) {
      let rate = (judgement.transferRate * 100).text(.general(4))
      print(
        "\(name): \(rate) % of the successes \(judgement.aim.text), too"
          + (judgement.classes.map { "; \($0.text)" } ?? ""))
    }
  }
}
