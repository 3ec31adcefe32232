import Attacks
import Evaluation
import Formats
import Foundation
import Models
import Torch

/// One example per training sample of an encoder; where none was found, the sample itself.
package struct Table5Examples {
  /// What is said of them.
  package struct Figures: Codable, Sendable {
    /// The share of the samples with an example.
    package var successRate: Double
    /// Of these, the share for which the criterion without its margin holds on views that neither the search nor its verdict saw.
    package var holds: Double?
    /// The mean of ‖δ‖₂ over those with an example.
    package var l2: Double?
  }

  /// `[count, …]`.
  let perturbed: Tensor
  let figures: Figures

  /// The views that examples are scored by once more.
  static let unseenViews = 32

  init(
    _ plan: Table5Plan, _ model: any TrainableModel, _ set: Tensor, seed: UInt64, _ context: CellContext
  ) throws {
    let recipe = Recipe(
      "views", criterion: Choice("contrastive", ["kappa": .real(plan.kappa)]),
      start: Choice("noise", ["sigma": .real(plan.sigma)]),
      solver: Choice("switching", ["alpha": .real(plan.alpha), "iterations": .integer(plan.iterations)]))
    var attack = try recipe.makeAttack(on: model, samples: set, seed: seed)
    let result = try attack.run(
      set, range: 0..<set.shape[0], threads: context.threads, isCancelled: context.stopsEarly)
    let perturbed = result.perturbed
    let won = result.status.indices.filter { result.status[$0] == .succeeded }
    var judge = KeepsContrast(model)
    judge.kappa = 0
    judge.verdict = Self.unseenViews
    judge.purpose = .unseenViews
    attack.criterion = judge
    let scores =
      won.isEmpty
      ? []
      : try attack.criterionValues(
        set, perturbed, range: 0..<set.shape[0], threads: context.threads)
    let lengths = withoutGrad { (perturbed - set).sampleNorms().doubles }
    self.perturbed = perturbed
    figures = Figures(
      successRate: Double(won.count) / Double(set.shape[0]),
      holds: won.isEmpty ? nil : mean(won.map { scores[$0] <= 0 ? 1.0 : 0 }),
      l2: won.isEmpty ? nil : mean(won.map { lengths[$0] }))
  }

  func encoded() throws -> [UInt8] {
    Safetensors.encode(
      [(name: "perturbed", array: perturbed.hostArray)], metadata: ["figures": JSON.line(figures)])
  }

  /// Reads what ``encoded()`` gave.
  init(reading path: String, device: Device) throws {
    let file = try Safetensors.open(path)
    guard let text = file.metadata["figures"],
      let figures = try? JSON.decoder.decode(Figures.self, from: Data(text.utf8))
    else { throw StudyError.settings("\(path): no figures in its metadata: delete it and go on") }
    self.figures = figures
    perturbed = Tensor(try file.array("perturbed")).to(device)
  }
}
