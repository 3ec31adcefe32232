import Evaluation
import Foundation
import Reports

/// The plots of the estimators' page.
struct EstimatorPlots {
  let results: EstimatorResults

  var values: [String: Document.Value] {
    [
      "optimal": gaussians("Optimal critic, batches of 64", results.optimal),
      "trained": gaussians("Trained critics, batches of 64", results.trained), "ceiling": ceiling,
      "steps": steps, "dimensions": dimensions, "readings": readings, "ranking": ranking,
    ].reduce(into: [:]) { $0[$1.key + "Plot"] = .plot($1.key, $1.value) }
  }

  private func gaussians(_ title: String, _ entries: [GaussianBenchmark.Entry]) -> Plot {
    let levels = Set(entries.map(\.truth)).sorted()
    let lines = InformationEstimator.allCases.compactMap { one -> Plot.Mark? in
      let own = entries.filter { $0.estimator == one }.sorted { $0.truth < $1.truth }
      return own.isEmpty ? nil : line(one.rawValue, own.map { ($0.truth, $0.estimate) })
    }
    return Plot(
      title, x: PlotAxis("mutual information, nats"), y: PlotAxis("estimate, nats"),
      marks: lines + [
        .reference(name: "truth", levels.map { Plot.Point($0, $0) }),
        .reference(name: "ln 64", levels.map { Plot.Point($0, log(64)) }),
      ])
  }

  private var ceiling: Plot {
    let sizes = Set(results.ceiling.map(\.batchSize)).sorted().map(Double.init)
    let lines = InformationEstimator.allCases.compactMap { one -> Plot.Mark? in
      let own = results.ceiling.filter { $0.estimator == one }.sorted { $0.batchSize < $1.batchSize }
      return own.isEmpty ? nil : line(one.rawValue, own.map { (Double($0.batchSize), $0.estimate) })
    }
    return Plot(
      "Ten nats from a batch of K, optimal critic", x: PlotAxis("pairs in a batch, K", scale: .logarithmic),
      y: PlotAxis("estimate, nats"),
      marks: lines + [
        .reference(name: "truth", sizes.map { Plot.Point($0, 10) }),
        .reference(name: "ln K", sizes.map { Plot.Point($0, log($0)) }),
      ])
  }

  private var steps: Plot {
    let entries = results.plan.learningRates.flatMap {
      results.entries(dimensions: 1, rate: $0)
    }
    let lines = entries.map { entry in
      line(
        "K = \(entry.setting.views), rate \(entry.setting.learningRate)",
        entry.trained.map { (Double($0.steps), $0.ownViews) })
    }
    let counts = entries.first?.setting.steps.map(Double.init) ?? []
    return Plot(
      "Per-sample MINE on its own views, d′ = 1, cosine \(results.plan.cosine)",
      x: PlotAxis("steps of training", scale: .logarithmic), y: PlotAxis("bound, nats"), width: 720,
      marks: lines + [
        .reference(name: "truth", counts.map { Plot.Point($0, entries.first?.setting.truth ?? .nan) })
      ])
  }

  private var dimensions: Plot {
    let rates = results.plan.learningRates
    let views = Set(results.perSample.map(\.setting.views)).sorted()
    func own(_ views: Int, _ rate: Float) -> [PerSampleBenchmark.Entry] {
      results.perSample.filter { $0.setting.views == views && $0.setting.learningRate == rate }
        .sorted { $0.setting.dimensions < $1.setting.dimensions }
    }
    let lines = rates.flatMap { rate in
      views.map { count in
        line(
          "K = \(count), rate \(rate)",
          own(count, rate).compactMap { entry in
            entry.trained.last.map { (Double(entry.setting.dimensions), $0.ownViews) }
          })
      }
    }
    let truth = own(views.first ?? 0, rates[0]).map {
      Plot.Point(Double($0.setting.dimensions), $0.setting.truth)
    }
    return Plot(
      "Per-sample MINE on its own views after training, cosine \(results.plan.cosine)",
      x: PlotAxis("projected coordinates, d′"), y: PlotAxis("bound, nats"), width: 720,
      marks: lines + [.reference(name: "truth", truth)])
  }

  private var readings: Plot {
    let ranking = results.ranking.first { $0.name == Critic.recipe.name }
    let values = ranking?.readings.last?.values ?? []
    let kinds = Set(ranking?.kinds ?? []).sorted()
    let marks = kinds.map { kind in
      Plot.Mark.scatter(
        name: kind,
        values.indices.filter { ranking?.kinds[$0] == kind }.map {
          Plot.Point(ranking?.truth[$0] ?? .nan, values[$0])
        })
    }
    return Plot(
      "What the recipe's critic reads of pairs of \(results.plan.dataset)",
      x: PlotAxis("information of a view, nats", scale: .logarithmic),
      y: PlotAxis("MINE after training, nats"),
      width: 700, marks: marks)
  }

  private var ranking: Plot {
    let critics = results.ranking.filter { $0.readings.contains { $0.steps > 0 } }
    let lines = critics.map { ranking -> Plot.Mark in
      let all = ranking.readings.compactMap { reading in
        reading.correlations.first { $0.kind == nil }.map { (Double(reading.steps), $0) }
      }
      return .line(
        name: ranking.name, all.map { Plot.Point($0.0, $0.1.coefficient) },
        lower: all.map(\.1.interval.lower),
        upper: all.map(\.1.interval.upper))
    }
    return Plot(
      "Rank correlation of the critics with the truth, all pairs",
      x: PlotAxis("steps of training", scale: .logarithmic), y: PlotAxis("Spearman\'s coefficient"),
      width: 760, marks: lines)
  }

  private func line(_ name: String, _ values: [(Double, Distribution)]) -> Plot.Mark {
    .line(
      name: name, values.map { Plot.Point($0.0, $0.1.mean) },
      lower: values.map { $0.1.mean - $0.1.standardDeviation },
      upper: values.map { $0.1.mean + $0.1.standardDeviation })
  }
}
