import Evaluation
import Foundation
import Reports

/// The tables of the estimators' page.
struct EstimatorTables {
  let results: EstimatorResults

  /// Whether a mean agrees with the reference: within a quarter of the spread between batches.
  static func agrees(_ entry: GaussianBenchmark.Entry) -> Bool? {
    GaussianBenchmark.reference(entry.estimator, information: entry.truth).map {
      abs(entry.estimate.mean - $0) <= 0.25 * entry.estimate.standardDeviation + 0.005
    }
  }

  var optimal: Table {
    get throws {
      try Table(
        columns: ["estimator", "I, nats", "reference", "measured", "verdict"],
        rows: results.optimal.sorted { ($0.estimator.order, $0.truth) < ($1.estimator.order, $1.truth) }.map {
          let reference = GaussianBenchmark.reference($0.estimator, information: $0.truth)
          let verdict = Self.agrees($0).map { $0 ? "agrees" : "**differs**" } ?? "–"
          return [
            $0.estimator.rawValue, Self.text($0.truth, 0), reference.map { Self.text($0, 2) } ?? "–",
            Self.text($0.estimate), verdict,
          ]
        })
    }
  }

  var trained: Table { get throws { try byLevel(results.trained) } }

  private func byLevel(_ entries: [GaussianBenchmark.Entry]) throws -> Table {
    let levels = Set(entries.map(\.truth)).sorted()
    return try Table(
      columns: ["estimator"] + levels.map { "I = \(Self.text($0, 0))" },
      rows: InformationEstimator.allCases.filter { one in entries.contains { $0.estimator == one } }.map {
        one in
        [one.rawValue]
          + levels.map { level in
            entries.first { $0.estimator == one && $0.truth == level }.map { Self.text($0.estimate) } ?? "–"
          }
      })
  }

  var ceiling: Table {
    get throws {
      let sizes = Set(results.ceiling.map(\.batchSize)).sorted()
      return try Table(
        columns: ["estimator"] + sizes.map { "K = \($0)" },
        rows: InformationEstimator.allCases.filter { $0 != .mineCorrected }.map { one in
          [one.rawValue]
            + sizes.map { size in
              results.ceiling.first { $0.estimator == one && $0.batchSize == size }.map {
                Self.text($0.estimate)
              }
                ?? "–"
            }
        } + [["ln K"] + sizes.map { Self.text(log(Double($0)), 2) }])
    }
  }

  /// The bound at the optimal critic against what is known of it at one coordinate.
  var reference: Table {
    get throws {
      let known = [96: (0.81, 0.18), 500: (0.82, 0.08), 5_000: (0.829, 0.03)]
      return try Table(
        columns: [
          "K", "truth", "reference", "optimal critic", "verdict", "MINE, own views", "MINE, fresh views",
        ],
        rows: entries(dimensions: 1, rate: EstimatorPlan.learningRates[0]).map { entry in
          let stated = known[entry.setting.views]
          let verdict = stated.map { abs(entry.optimal.mean - $0.0) <= $0.1 ? "agrees" : "**differs**" }
          return [
            "\(entry.setting.views)", Self.text(entry.setting.truth, 3),
            stated.map { "\(Self.text($0.0, 3)) ± \(Self.text($0.1, 2))" } ?? "–", Self.text(entry.optimal),
            verdict ?? "–", entry.trained.last.map { Self.text($0.ownViews) } ?? "–",
            entry.trained.last.map { Self.text($0.freshViews) } ?? "–",
          ]
        })
    }
  }

  /// One table a number of views.
  func perSample(views: Int) throws -> Table {
    let rates = EstimatorPlan.learningRates
    func last(_ rate: Float, _ dimensions: Int) -> PerSampleBenchmark.Reading? {
      entries(dimensions: dimensions, rate: rate).first { $0.setting.views == views }?.trained.last
    }
    let rows = results.perSample.filter { $0.setting.views == views && $0.setting.learningRate == rates[0] }
      .sorted { $0.setting.dimensions < $1.setting.dimensions }
    return try Table(
      columns: ["d′", "truth", "optimal critic"]
        + rates.flatMap { ["rate \($0), own views", "bias", "rate \($0), fresh views"] },
      rows: rows.map { entry in
        [
          "\(entry.setting.dimensions)", Self.text(entry.setting.truth, 2), Self.text(entry.optimal),
        ]
          + rates.flatMap { rate -> [String] in
            guard let reading = last(rate, entry.setting.dimensions) else { return ["–", "–", "–"] }
            return [
              Self.text(reading.ownViews),
              String(format: "%+.2f", reading.ownViews.mean - entry.setting.truth),
              Self.text(reading.freshViews),
            ]
          }
      })
  }

  func entries(dimensions: Int, rate: Float) -> [PerSampleBenchmark.Entry] {
    results.perSample.filter { $0.setting.dimensions == dimensions && $0.setting.learningRate == rate }
      .sorted { $0.setting.views < $1.setting.views }
  }

  var ranking: Table {
    get throws {
      let kinds = results.ranking.first?.readings.first?.correlations.map(\.kind) ?? []
      return try Table(
        columns: ["critic", "steps", "pairs", "reads"] + kinds.map { $0 ?? "all pairs" },
        rows: results.ranking.flatMap { ranking in
          ranking.readings.map { reading in
            let spread = Distribution(reading.values)
            return [
              ranking.name, "\(reading.steps)", "\(ranking.kinds.count)",
              spread.map { "\(Self.text($0.minimum, 2)) to \(Self.text($0.maximum, 2))" } ?? "–",
            ]
              + kinds.map { kind in
                guard let found = reading.correlations.first(where: { $0.kind == kind }) else { return "–" }
                return Self.text(found.coefficient, 2)
                  + " (\(Self.text(found.interval.lower, 2)) to \(Self.text(found.interval.upper, 2)))"
              }
          }
        })
    }
  }

  static func text(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }

  static func text(_ distribution: Distribution) -> String {
    "\(text(distribution.mean, 2)) ± \(text(distribution.standardDeviation, 2))"
  }
}

extension InformationEstimator {
  fileprivate var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
