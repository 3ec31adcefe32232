import Evaluation
import Formats
import Foundation
import Reports

/// The tables of the estimators' page.
struct EstimatorTables {
  let results: EstimatorResults

  private static let format = NumberFormat.decimals(2)

  /// Whether a mean agrees with the reference: within a quarter of the spread between batches.
  static func agrees(_ entry: GaussianBenchmark.Entry) -> Bool? {
    GaussianBenchmark.reference(entry.estimator, information: entry.truth).map {
      abs(entry.estimate.mean - $0) <= 0.25 * entry.estimate.standardDeviation + 0.005
    }
  }

  private static func verdict(_ agrees: Bool?) -> String? { agrees.map { $0 ? "agrees" : "**differs**" } }

  var optimal: Table {
    get throws {
      let columns: [Column<GaussianBenchmark.Entry>] = [
        Column("estimator") { $0.estimator.rawValue }, Column("I, nats", .decimals(0)) { $0.truth },
        Column("reference", Self.format) { GaussianBenchmark.reference($0.estimator, information: $0.truth) },
        Column("measured", Self.format) { $0.estimate },
        Column("verdict") { Self.verdict(Self.agrees($0)) },
      ]
      return try Records(
        columns, results.optimal.sorted { ($0.estimator.order, $0.truth) < ($1.estimator.order, $1.truth) }
      ).table
    }
  }

  var trained: Table {
    get throws {
      let levels = Set(results.trained.map(\.truth)).sorted()
      return try byEstimator(
        InformationEstimator.allCases.filter { one in results.trained.contains { $0.estimator == one } },
        levels.map { level in
          (
            "I = \(level.text(.decimals(0)))",
            { one in
              results.trained.first { $0.estimator == one && $0.truth == level }?.estimate.cell
            }
          )
        })
    }
  }

  var ceiling: Table {
    get throws {
      let sizes = Set(results.ceiling.map(\.batchSize)).sorted()
      return try byEstimator(
        InformationEstimator.allCases.filter { $0 != .mineCorrected } + [nil],
        sizes.map { size in
          (
            "K = \(size)",
            { one in
              // The last row is the ceiling itself.
              guard let one else { return .number(log(Double(size))) }
              return results.ceiling.first { $0.estimator == one && $0.batchSize == size }?.estimate.cell
            }
          )
        })
    }
  }

  private typealias Cells = @Sendable (InformationEstimator?) -> CellContent?

  private func byEstimator(_ rows: [InformationEstimator?], _ columns: [(title: String, cells: Cells)]) throws
    -> Table
  {
    try Records(
      [Column("estimator") { $0?.rawValue ?? "ln K" }]
        + columns.map { title, cells in Column(title, Self.format) { cells($0) } }, rows
    ).table
  }

  /// The bound at the optimal critic against what is known of it at one coordinate.
  var reference: Table {
    get throws {
      let known: [Int: (mean: Double, spread: Double)] = [
        96: (0.81, 0.18), 500: (0.82, 0.08), 5_000: (0.829, 0.03),
      ]
      let columns: [Column<PerSampleBenchmark.Entry>] = [
        Column("K") { $0.setting.views }, Column("truth", .decimals(3)) { $0.setting.truth },
        Column("reference") {
          known[$0.setting.views].map { "\($0.mean.text(.decimals(3))) ± \($0.spread.text(.decimals(2)))" }
        },
        Column("optimal critic", Self.format) { $0.optimal },
        Column("verdict") { entry in
          Self.verdict(known[entry.setting.views].map { abs(entry.optimal.mean - $0.mean) <= $0.spread })
        },
        Column("MINE, own views", Self.format) { $0.trained.last?.ownViews },
        Column("MINE, fresh views", Self.format) { $0.trained.last?.freshViews },
      ]
      return try Records(columns, results.entries(dimensions: 1, rate: results.plan.learningRates[0])).table
    }
  }

  /// One table per number of views.
  func perSample(views: Int) throws -> Table {
    let rates = results.plan.learningRates, perSample = results.perSample
    func own(_ rate: Float) -> [PerSampleBenchmark.Entry] {
      perSample.filter { $0.setting.views == views && $0.setting.learningRate == rate }
        .sorted { $0.setting.dimensions < $1.setting.dimensions }
    }
    let readings = rates.flatMap { rate -> [Column<PerSampleBenchmark.Entry>] in
      let entries = own(rate)
      @Sendable func last(_ entry: PerSampleBenchmark.Entry) -> PerSampleBenchmark.Reading? {
        entries.first { $0.setting.dimensions == entry.setting.dimensions }?.trained.last
      }
      return [
        Column("rate \(rate), own views", Self.format) { last($0)?.ownViews },
        Column("bias") { entry in
          last(entry).map { NumberFormat.signed(2).text($0.ownViews.mean - entry.setting.truth) }
        },
        Column("rate \(rate), fresh views", Self.format) { last($0)?.freshViews },
      ]
    }
    return try Records(
      [
        Column("d′") { $0.setting.dimensions }, Column("truth", Self.format) { $0.setting.truth },
        Column("optimal critic", Self.format) { $0.optimal },
      ] + readings, own(rates[0])
    ).table
  }

  var ranking: Table {
    get throws {
      typealias Row = (ranking: CriticRanking, reading: CriticRanking.Reading)
      let kinds = results.ranking.first?.readings.first?.correlations.map(\.kind) ?? []
      let columns: [Column<Row>] =
        [
          Column("critic") { $0.ranking.name }, Column("steps") { $0.reading.steps },
          Column("pairs") { $0.ranking.kinds.count },
          Column("reads") { row in
            Distribution(row.reading.values).map {
              "\($0.minimum.text(Self.format)) to \($0.maximum.text(Self.format))"
            }
          },
        ]
        + kinds.map { kind in
          Column(kind ?? "all pairs") { row in
            row.reading.correlations.first { $0.kind == kind }.map {
              "\($0.coefficient.text(Self.format)) (\($0.interval.lower.text(Self.format)) to "
                + "\($0.interval.upper.text(Self.format)))"
            }
          }
        }
      return try Records(
        columns, results.ranking.flatMap { ranking in ranking.readings.map { (ranking, $0) } }
      ).table
    }
  }
}

extension Distribution: TableValue {
  /// Mean and deviation, as tables show them.
  public var cell: CellContent { .spread(mean: mean, deviation: standardDeviation, count: count) }

  /// `2.03 ± 0.25`
  var text: String { NumberFormat.decimals(2).text(mean, deviation: standardDeviation) }
}

extension InformationEstimator {
  fileprivate var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
