import Attacks
import Evaluation
import Formats
import Foundation
import Reports

/// Estimators of mutual information and MINE's critics, where the truth is known.
package enum Estimators: Study {
  package static let name = "estimators"
  package static let takesDevice = false
  package static let summary = "estimators of mutual information and MINE's critics, where the truth is known"
  package static var scales: KeyValuePairs<String, [UInt8]> {
    ["smoke": PackageResources.estimators_smoke_yaml, "small": PackageResources.estimators_small_yaml]
  }

  package static func cells(
    _ plan: EstimatorPlan, stage: Int, _ found: FinishedCells<EstimatorCell>
  ) throws -> [EstimatorCell]? {
    guard stage == 0 else { return nil }
    let parts = Parts(plan)
    return parts.optimal + parts.ceiling + parts.trained + parts.perSample + [parts.closedForm]
      + Critic.allCases.flatMap(parts.critic)
  }

  package static func document(
    _ plan: EstimatorPlan, _ found: FinishedCells<EstimatorCell>
  ) throws -> Document {
    let results = try EstimatorResults(plan, found)
    let tables = EstimatorTables(results: results)
    let views = Set(results.perSample.map(\.setting.views)).sorted()
    var values: [String: Document.Value] = [
      "commands": .text(found.commands.map { "`\($0)`" }.joined(separator: ", ")),
      "seed": .text("\(plan.seed)"), "software": .text(found.software),
      "findings": .group(EstimatorFindings(results: results).values),
      "optimalBatches": .text("\(plan.optimalBatches)"), "optimal": .table(try tables.optimal),
      "ceiling": .table(try tables.ceiling), "trainingSteps": .text("\(plan.trainingSteps)"),
      "trainingRate": .text("\(GaussianBenchmark.learningRate)"),
      "judgedBatches": .text("\(plan.judgedBatches)"),
      "trained": .table(try tables.trained), "cosine": .text("\(plan.cosine)"),
      "lastStep": .text("\(plan.perSampleSteps.last ?? 0)"),
      "samples": .text(
        views.map { count in
          let number = results.perSample.first { $0.setting.views == count }?.setting.samples ?? 0
          return "\(number) samples of K = \(count)"
        }.joined(separator: ", ")),
      "rate": .text("\(plan.learningRates[0])"), "reference": .table(try tables.reference),
      "perSample": .list(
        try views.map { ["views": .text("\($0)"), "table": .table(try tables.perSample(views: $0))] }),
      "dataset": .text(plan.dataset), "ranking": .table(try tables.ranking),
      "recipeName": .text(Critic.recipe.name), "authorsName": .text(Critic.authors.name),
      "closedFormName": .text(EstimatorResults.closedForm), "mine": .group(try critics()),
    ]
    values.merge(EstimatorPlots(results: results).values) { $1 }
    return Document(
      try Template("estimators.md", String(decoding: PackageResources.estimators_md, as: UTF8.self)), values,
      json: Data(try JSON.text(results).utf8))
  }

  /// The settings of the critics that the page names.
  private static func critics() throws -> [String: Document.Value] {
    let mine = try Recipe.paper.completed().similarity, authors = try Critic.authors.configuration
    return [
      "hidden": .text("\(mine.integer("mineHidden"))"),
      "projections": .text("\(mine.integer("projections"))"),
      "size": .text("\(mine.integer("projectedSize"))"), "rate": .text("\(mine.real("mineLearningRate"))"),
      "steps": .text("\(mine.integer("mineSteps"))"), "authorsViews": .text("\(Critic.authorsViews)"),
      "authorsRate": .text("\(authors.learningRate)"),
    ]
  }

  /// The study's measurements by what they are for.
  struct Parts {
    let plan: EstimatorPlan

    init(_ plan: EstimatorPlan) { self.plan = plan }

    private func cell(_ measurement: EstimatorCell.Measurement) -> EstimatorCell {
      EstimatorCell(measurement: measurement, seed: plan.seed)
    }

    /// Batches of 64, the log density ratio as critic.
    var optimal: [EstimatorCell] {
      GaussianBenchmark.levels.map {
        cell(.optimal(information: $0, batchSize: 64, batches: plan.optimalBatches))
      }
    }

    /// The same at 10 nats for other sizes of the batch.
    var ceiling: [EstimatorCell] {
      plan.ceilingSizes.map { size in
        let batches = max(10, min(500, plan.optimalBatches * 8 / size))
        return cell(.optimal(information: 10, batchSize: size, batches: batches))
      }
    }

    /// Batches of 64, critics trained from scratch.
    var trained: [EstimatorCell] {
      InformationEstimator.allCases.flatMap { estimator in
        GaussianBenchmark.levels.map {
          cell(
            .trained(estimator, information: $0, steps: plan.trainingSteps, judgedBatches: plan.judgedBatches)
          )
        }
      }
    }

    /// The longest first, so that no thread ends long after the others.
    var perSample: [EstimatorCell] {
      plan.settings.sorted { $0.views * $0.dimensions > $1.views * $1.dimensions }.map {
        cell(.perSample($0))
      }
    }

    private var pairs: EstimatorPairs.Description {
      EstimatorPairs.Description(dataset: plan.dataset, count: plan.pairs, modelSteps: plan.modelSteps)
    }

    var closedForm: EstimatorCell { cell(.closedForm(pairs)) }

    func steps(_ critic: Critic) -> [Int] { critic == .recipe ? plan.recipeSteps : plan.authorsSteps }

    func critic(_ critic: Critic) -> [EstimatorCell] {
      let count = critic == .recipe ? plan.pairs : min(plan.authorsPairs, plan.pairs)
      return stride(from: 0, to: count, by: critic.perCell).map {
        cell(.critic(critic, pairs, pairs: $0..<min($0 + critic.perCell, count), steps: steps(critic)))
      }
    }
  }
}

/// What estimators of mutual information read where the truth is known.
package struct EstimatorResults: Encodable, Sendable {
  package var plan: EstimatorPlan
  package var optimal: [GaussianBenchmark.Entry]
  package var ceiling: [GaussianBenchmark.Entry]
  package var trained: [GaussianBenchmark.Entry]
  package var perSample: [PerSampleBenchmark.Entry]
  /// The views' own estimate, the recipe's critic, that of the authors' code; of critics also the means of readings.
  package var ranking: [CriticRanking]

  static let closedForm = "closed form of the views"

  /// - Throws: ``StudyError/settings(_:)`` where a measurement is not finished.
  init(_ plan: EstimatorPlan, _ found: FinishedCells<EstimatorCell>) throws {
    func outcome(_ cell: EstimatorCell) throws -> EstimatorCell.Outcome {
      guard let finished = found[cell] else {
        throw StudyError.settings("\(cell.label) is not finished: run the study first")
      }
      return finished.outcome
    }
    let parts = Estimators.Parts(plan)
    self.plan = plan
    optimal = try parts.optimal.flatMap { try outcome($0).gaussians }
    ceiling = try parts.ceiling.flatMap { try outcome($0).gaussians }
    trained = try parts.trained.flatMap { try outcome($0).gaussians }
    perSample = try parts.perSample.compactMap { try outcome($0).perSample }
    let views = try outcome(parts.closedForm).pairs
    ranking = try [
      CriticRanking(
        name: Self.closedForm, kinds: views?.kinds ?? [], truth: views?.truth ?? [],
        readings: [(0, views?.single.first ?? [])])
    ]
    for critic in Critic.allCases {
      let read = try parts.critic(critic).compactMap { try outcome($0).pairs }
      let averaged = "\(critic.name), mean of \(CriticRanking.furtherReadings + 1) readings"
      for (name, values) in [(critic.name, \EstimatorCell.Readings.single), (averaged, \.mean)] {
        ranking.append(
          try CriticRanking(
            name: name, kinds: read.flatMap(\.kinds), truth: read.flatMap(\.truth),
            readings: parts.steps(critic).enumerated().map { at, steps in
              (steps, read.flatMap { $0[keyPath: values][at] })
            }))
      }
    }
  }

  func entries(dimensions: Int, rate: Float) -> [PerSampleBenchmark.Entry] {
    perSample.filter { $0.setting.dimensions == dimensions && $0.setting.learningRate == rate }
      .sorted { $0.setting.views < $1.setting.views }
  }
}
