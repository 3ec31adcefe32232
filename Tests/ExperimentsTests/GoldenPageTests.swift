import Evaluation
import Experiments
import Formats
import Foundation
import Testing

/// The pages of cells that are made up: the same cells give the same text, to the letter.
///
/// With `UAE_GOLDEN=write` in the environment the texts are written instead, to be read before they are committed.
@Suite struct GoldenPageTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Golden"

  private func check<S: Study>(
    _: S.Type, _ plan: S.Plan, outcome: (S.Cell, inout Draws) throws -> Any
  ) throws {
    var found = try FinishedCells<S.Cell>([])
    var stage = 0
    while let cells = try S.cells(plan, stage: stage, found) {
      found = try FinishedCells(
        found.all
          + cells.map { cell in
            var draws = Draws(SHA256.digest(of: try JSON.encoder().encode(cell)))
            let json = try JSONSerialization.data(withJSONObject: outcome(cell, &draws))
            return FinishedCell(
              cell: cell, outcome: try JSON.decoder.decode(S.Cell.Outcome.self, from: json), seconds: 1,
              provenance: Provenance(software: ["made-up": "1"]))
          }, commands: ["the command"])
      stage += 1
    }
    let page = try S.document(plan, found).markdown()
    let path = "\(Self.folder)/\(S.name).md"
    if ProcessInfo.processInfo.environment["UAE_GOLDEN"] == "write" {
      try FileManager.default.createDirectory(atPath: Self.folder, withIntermediateDirectories: true)
      try page.write(toFile: path, atomically: true, encoding: .utf8)
    }
    let golden = try String(contentsOfFile: path, encoding: .utf8)
    let lines = zip(page.split(separator: "\n"), golden.split(separator: "\n"))
    for (line, expected) in lines where line != expected {
      #expect(line == expected)
      return
    }
    #expect(page == golden)
  }

  /// Numbers that follow from a text.
  private struct Draws {
    private var state: UInt64

    init(_ digest: String) { state = UInt64(digest.prefix(16), radix: 16) ?? 1 }

    /// In [0, 1), with four decimals.
    mutating func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 33 & 0x3FFF_FFFF).truncatingRemainder(dividingBy: 10_000) / 10_000
    }
  }

  private func outcome(_ cell: Experiment, _ draws: inout Draws) -> [String: Any] {
    func errors(_ factor: Double) -> [String: Any] {
      var errors: [String: Any] = [
        "train": factor * (0.04 + 0.01 * draws.next()), "perClass": [factor * 0.05, factor * 0.06],
        "validation": factor * (0.05 + 0.01 * draws.next()),
      ]
      if cell.usesTest { errors["test"] = factor * (0.05 + 0.01 * draws.next()) }
      return errors
    }
    var outcome: [String: Any] = [
      "data": "0123", "notes": [String](), "trainCount": 64, "testCount": 360, "trained": errors(1),
      "halfway": errors(1.2), "updates": cell.schedule.updates ?? 8, "trainingSeconds": 1 + draws.next(),
      "attackSeconds": draws.next(),
      "course": (1...3).map { ["updates": 10 * $0, "validation": 0.2 / Double($0)] as [String: Any] },
      "diversity": draws.next(), "affinity": draws.next(),
    ]
    if cell.arm.source != .original && cell.arm.source != .none {
      outcome["examples"] = [
        "successRate": draws.next(), "l2": draws.next(), "lInfinity": draws.next(), "nearShare": draws.next(),
        "information": draws.next(), "trainedL2": draws.next(), "statuses": ["succeeded": 64],
        "criterionSample": [-0.1, -0.2], "informationSample": [1, 2],
      ]
    }
    if cell.measuresRobustness {
      outcome["robustness"] = [
        "noisy": draws.next(), "occluded": draws.next(), "shifted": draws.next(), "attacked": draws.next(),
        "attackedL2": draws.next(),
      ]
    }
    return outcome
  }

  @Test func table4() throws {
    let plan = try Table4.plan("smoke").narrowed(to: [
      ("dataset", ["mnist"]), ("model", ["dense-autoencoder"]), ("seeds", ["3"]),
      ("arm", ["original", "repeated", "mine-uae", "mine-uae-code", "l2-uae", "ga-0.001", "mixup"]),
    ])
    try check(Table4.self, plan) { outcome($0, &$1) }
  }

  @Test func table3() throws {
    try check(Table3.self, try Table3.plan("smoke")) { cell, draws in
      let count = 20
      func values(_ scale: Double) -> [Any] {
        (0..<count).map { $0 == 3 ? NSNull() : scale * (1 + draws.next()) as Any }
      }
      func moments(_ mean: Double) -> [String: Any] {
        ["count": 4, "sum": 4 * mean, "squares": 4 * mean * mean + 1]
      }
      let better = cell.method == .minmax ? 2.0 : 1
      return [
        "accuracy": 0.9, "succeeded": (0..<count).map { $0 != 3 }, "own": values(better),
        "fresh": values(better),
        "closedForm": values(1), "l2": values(1 / better), "ssim": values(0.4),
        "course": (1...3).map {
          ["iteration": $0, "current": moments(Double($0)), "best": moments(Double($0) + 1)] as [String: Any]
        },
      ]
    }
  }

  @Test func table2() throws {
    try check(Table2.self, try Table2.plan("smoke")) { cell, draws in
      let size = cell.arm == .clean ? 0 : 1 + draws.next()
      return [
        "accuracy": 0.9, "images": 20, "successRate": cell.arm == .clean ? 0 : 1 - 0.1 * draws.next(),
        "frechet": 5 + size, "frechetOfMany": size, "kernel": 0.1 * size, "l2": size, "ssim": 1 - 0.3 * size,
      ]
    }
  }

  @Test func robustness() throws {
    try check(Robustness.self, try Robustness.plan("smoke").narrowed(to: [("seeds", ["6"])])) { cell, draws in
      let gain = cell.experiment.arm.source == .online ? 0.2 : 0
      return [
        "error": 0.1 * draws.next(), "seconds": draws.next(),
        "robustAccuracy": cell.epsilons.map { (1 - $0) * 0.7 + gain + 0.05 * draws.next() },
      ]
    }
  }

  @Test func figure3() throws {
    try check(Figure3.self, try Figure3.plan("smoke")) { cell, draws in
      let broken = Int(20 * min(1, cell.epsilon + (cell.method == .minmax ? 0 : 0.3)))
      func values() -> [Any] { (0..<20).map { $0 < broken ? draws.next() as Any : NSNull() } }
      return [
        "accuracy": 0.9, "succeeded": (0..<20).map { $0 < broken }, "l2": values(), "closedForm": values(),
        "ssim": values(),
      ]
    }
  }

  @Test func table5() throws {
    try check(Table5.self, try Table5.plan("smoke")) { cell, draws in
      let gain = cell.arm == .online ? 0.05 : 0
      var outcome: [String: Any] = [
        "quality": [
          "knn10": 0.6 + gain + 0.02 * draws.next(), "knn200": 0.55 + gain + 0.02 * draws.next(),
          "linear": 0.7 + gain + 0.02 * draws.next(), "alignment": 0.3 * draws.next(),
          "uniformity": -1 - draws.next(), "trainSamples": 200, "testSamples": 360,
        ] as [String: Any],
        "updates": cell.arm == .repeated ? 96 : 32, "robust": 0.1 * draws.next(),
      ]
      if cell.arm.takesExamples {
        outcome["examples"] = ["successRate": draws.next(), "holds": draws.next(), "l2": 1 + draws.next()]
      }
      return outcome
    }
  }

  @Test func table6() throws {
    try check(Table6.self, try Table6.plan("smoke")) { cell, draws in
      let better = cell.arm == .exact ? 0.9 : 1
      var outcome: [String: Any] = [
        "features": (0..<10).map { ($0 * 6 + Int(draws.next() * 6)) % 64 }, "total": 64,
        "sampleShape": [1, 8, 8],
        "report": [
          "linearError": 0.03 + 0.001 * draws.next(), "decoderError": better * (0.02 + 0.001 * draws.next()),
          "forestAccuracies": [0.8 + 0.02 * draws.next(), 0.8 + 0.02 * draws.next()],
          "probeAccuracy": 0.7 + 0.02 * draws.next(),
        ] as [String: Any],
        "trainSamples": 200, "testSamples": 360, "notes": [String](),
      ]
      if cell.arm != .columnSubset {
        outcome["course"] = [
          "steps": 100, "distinct": 9, "resolved": 1, "meanLargest": 0.99 + 0.01 * draws.next(),
        ]
      }
      if cell.arm.rawValue.hasPrefix("uae") {
        outcome["examples"] = ["successRate": draws.next(), "inside": 1 + draws.next(), "outside": 0]
      }
      return outcome
    }
  }

  @Test func recipes() throws {
    try check(Recipes.self, try Recipes.plan("smoke")) { outcome($0, &$1) }
  }

  @Test func estimators() throws {
    try check(Estimators.self, try Estimators.plan("smoke")) { cell, draws in
      func distribution(_ truth: Double) -> [String: Any] {
        let mean = truth * (0.9 + 0.2 * draws.next())
        return [
          "count": 9, "mean": mean, "standardDeviation": 0.2, "minimum": mean - 1, "median": mean,
          "maximum": mean + 1,
        ]
      }
      func entry(_ estimator: InformationEstimator, _ truth: Double, _ size: Int) -> [String: Any] {
        ["estimator": estimator.rawValue, "truth": truth, "batchSize": size, "estimate": distribution(truth)]
      }
      func readings(_ count: Int, _ steps: Int) -> [String: Any] {
        let truth = (0..<count).map { 1 + Double($0) }
        let read = (0..<steps).map { _ in truth.map { $0 * (0.5 + draws.next()) } }
        return [
          "pairs": [
            "kinds": (0..<count).map { ["noise", "example"][$0 % 2] }, "truth": truth, "single": read,
            "mean": read,
          ], "gaussians": [Any](),
        ]
      }
      switch cell.measurement {
      case .optimal(let information, let size, _):
        return [
          "gaussians": InformationEstimator.allCases.filter { $0 != .mineCorrected }.map {
            entry($0, information, size)
          }
        ]
      case .trained(let estimator, let information, _, _):
        return ["gaussians": [entry(estimator, information, 64)]]
      case .perSample(let setting):
        let json = try JSONSerialization.jsonObject(with: JSON.encoder().encode(setting))
        let trained = setting.steps.map {
          ["steps": $0, "ownViews": distribution(0.8), "freshViews": distribution(0.7)] as [String: Any]
        }
        return [
          "gaussians": [Any](),
          "perSample": ["setting": json, "optimal": distribution(0.8), "trained": trained] as [String: Any],
        ]
      case .closedForm(let pairs): return readings(pairs.count, 1)
      case .critic(_, _, let range, let steps): return readings(range.count, steps.count)
      }
    }
  }
}
