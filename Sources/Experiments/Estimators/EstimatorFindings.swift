import Evaluation
import Foundation

/// What the results say, in sentences; each figure is computed.
struct EstimatorFindings {
  let results: EstimatorResults

  var sentences: [String] { (optimal + trained + perSample + ranking).map { $0 + "." } }

  private var optimal: [String] {
    let verdicts = results.optimal.compactMap(EstimatorTables.agrees)
    let agreeing = verdicts.count(where: \.self)
    let top = results.optimal.filter { $0.truth == 10 }
    let infoNCE = top.first { $0.estimator == .infoNCE }
    return [
      "Optimal critic: \(agreeing) of \(verdicts.count) means agree with the reference table"
        + (infoNCE.map {
          "; InfoNCE stops below ln 64 = \(text(log(64))): it reads \(text($0.estimate.mean)) where the truth is 10"
        } ?? "")
    ]
  }

  private var trained: [String] {
    let top = results.trained.filter { $0.truth == 10 }.sorted {
      abs($0.estimate.mean - 10) < abs($1.estimate.mean - 10)
    }
    guard let best = top.first, let worst = top.last else { return [] }
    func reading(_ entry: GaussianBenchmark.Entry) -> String {
      "\(entry.estimator.rawValue) reads \(EstimatorTables.text(entry.estimate))"
    }
    let plain = top.first { $0.estimator == .mine }, corrected = top.first { $0.estimator == .mineCorrected }
    var sentences = [
      "Trained critics at 10 nats: \(reading(best)), the nearest; \(reading(worst)), the farthest"
    ]
    if let plain, let corrected {
      sentences.append(
        "The moving-average correction changes MINE's reading at 10 nats from \(EstimatorTables.text(plain.estimate)) "
          + "to \(EstimatorTables.text(corrected.estimate))")
    }
    return sentences
  }

  private var perSample: [String] {
    let entries = EstimatorTables(results: results).entries(
      dimensions: 1, rate: EstimatorPlan.learningRates[0])
    return entries.compactMap { entry in
      guard let last = entry.trained.last else { return nil }
      return "Per-sample MINE as in the recipe, K = \(entry.setting.views), one coordinate: "
        + "\(EstimatorTables.text(last.ownViews)) on its own views and \(EstimatorTables.text(last.freshViews)) on fresh "
        + "ones, where \(text(entry.setting.truth)) is true and the optimal critic reads "
        + EstimatorTables.text(entry.optimal)
    }
  }

  private var ranking: [String] {
    results.ranking.compactMap { ranking in
      let all = ranking.readings.compactMap { reading in
        reading.correlations.first { $0.kind == nil }.map { (reading.steps, $0) }
      }
      guard let (steps, last) = all.last,
        let spread = ranking.readings.last.flatMap({ Distribution($0.values) }),
        let truth = Distribution(ranking.truth),
        let best = all.max(by: { $0.1.coefficient < $1.1.coefficient })
      else { return nil }
      let course = steps == best.0 ? "" : ", at best \(text(best.1.coefficient)) after \(best.0)"
      return
        "Rank correlation with the truth over \(last.pairs) pairs of \(results.dataset), \(ranking.name): "
        + text(last.coefficient) + (steps > 0 ? " after \(steps) steps\(course)" : "")
        + "; it reads \(text(spread.minimum)) to \(text(spread.maximum)) nats where \(text(truth.minimum)) to "
        + "\(text(truth.maximum)) are true"
    }
  }

  private func text(_ value: Double) -> String { EstimatorTables.text(value, 2) }
}
