import Evaluation
import Formats
import Foundation
import Reports

/// What the results say: the values of the template's sentences.
struct EstimatorFindings {
  let results: EstimatorResults

  typealias Values = [String: Document.Value]

  var values: Values {
    let verdicts = results.optimal.compactMap(EstimatorTables.agrees)
    let infoNCE = results.optimal.first { $0.truth == 10 && $0.estimator == .infoNCE }
    return [
      "agreeing": .text("\(verdicts.count(where: \.self))"), "references": .text("\(verdicts.count)"),
      "infoNCE": .optional(infoNCE.map { text($0.estimate.mean) }), "ceiling": .text(text(log(64))),
      "trained": trained.map { .group($0) } ?? .flag(false),
      "correction": correction.map { .group($0) } ?? .flag(false), "perSample": .list(perSample),
      "ranking": .list(ranking),
    ]
  }

  private var top: [GaussianBenchmark.Entry] { results.trained.filter { $0.truth == 10 } }

  private var trained: Values? {
    let order = top.sorted { abs($0.estimate.mean - 10) < abs($1.estimate.mean - 10) }
    guard let best = order.first, let worst = order.last else { return nil }
    return [
      "best": .text(best.estimator.rawValue), "bestReads": .text(best.estimate.text),
      "worst": .text(worst.estimator.rawValue), "worstReads": .text(worst.estimate.text),
    ]
  }

  private var correction: Values? {
    guard let plain = top.first(where: { $0.estimator == .mine }),
      let corrected = top.first(where: { $0.estimator == .mineCorrected })
    else { return nil }
    return ["plain": .text(plain.estimate.text), "corrected": .text(corrected.estimate.text)]
  }

  private var perSample: [Values] {
    results.entries(dimensions: 1, rate: results.plan.learningRates[0]).compactMap { entry in
      entry.trained.last.map { last in
        [
          "views": .text("\(entry.setting.views)"), "own": .text(last.ownViews.text),
          "fresh": .text(last.freshViews.text), "truth": .text(text(entry.setting.truth)),
          "optimal": .text(entry.optimal.text),
        ]
      }
    }
  }

  private var ranking: [Values] {
    results.ranking.compactMap { ranking in
      let all = ranking.readings.compactMap { reading in
        reading.correlations.first { $0.kind == nil }.map { (reading.steps, $0) }
      }
      guard let (steps, last) = all.last,
        let spread = ranking.readings.last.flatMap({ Distribution($0.values) }),
        let truth = Distribution(ranking.truth),
        let best = all.max(by: { $0.1.coefficient < $1.1.coefficient })
      else { return nil }
      return [
        "pairs": .text("\(last.pairs)"), "name": .text(ranking.name),
        "coefficient": .text(text(last.coefficient)),
        "steps": .optional(steps > 0 ? "\(steps)" : nil),
        "best": steps > 0 && steps != best.0
          ? .group(["coefficient": .text(text(best.1.coefficient)), "steps": .text("\(best.0)")])
          : .flag(false),
        "low": .text(text(spread.minimum)), "high": .text(text(spread.maximum)),
        "trueLow": .text(text(truth.minimum)), "trueHigh": .text(text(truth.maximum)),
      ]
    }
  }

  private func text(_ value: Double) -> String { value.text(.decimals(2)) }
}
