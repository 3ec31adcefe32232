import Attacks
import Augmentation
import Formats
import Foundation
import Models
import MutualInformation
import Runs
import Torch

/// The examples of all training samples, and what is known of them.
struct Examples {
  /// x′ `[count, …]`; where the arm replaces failures, the original for those.
  var perturbed: Tensor
  var figures: ExampleFigures
}

/// What a set of examples is like. Means and shares without further words are over the examples that are kept: those
/// that meet the criterion, or all where the arm keeps all.
public struct ExampleFigures: Codable, Equatable, Sendable {
  /// The share of the training samples with f(x′) ≤ 0 and x′ ≠ x (ASR).
  public var successRate: Double
  /// The means of ‖x′ − x‖₂ and ‖x′ − x‖∞.
  public var l2: Double
  public var lInfinity: Double
  /// The share within 0.01 · √d of the original in L2: successes that changed next to nothing.
  public var nearShare: Double
  /// The mean of the closed-form information of one random projection, nats: one scale for all arms.
  public var information: Double
  /// The mean of the arm's own similarity where it has one (for MINE, its estimate).
  public var similarity: Double?
  /// How many samples ended in each status of the attack.
  public var statuses: [String: Int]
  /// f and the information of up to 500 evenly spaced examples, for distributions.
  public var criterionSample: [Float]
  public var informationSample: [Float]
}

extension Table4Cell {
  /// The arm's examples against a model; nil for arms that have none.
  func makeExamples(
    of set: Tensor, against model: any Autoencoder, _ context: CellContext
  ) throws -> Examples? {
    switch arm {
    case .original, .repeated: return nil
    case .mixup:
      return examples(of: set, perturbed: mixtures(of: set), against: model, result: nil)
    default:
      let result = try attacked(set, model, context)
      return examples(of: set, perturbed: result.perturbed, against: model, result: result)
    }
  }

  /// Attacks all samples in the cell's own folder, so that hours of it survive a stop.
  private func attacked(_ set: Tensor, _ model: any Autoencoder, _ context: CellContext) throws -> UAESet {
    let identity = RunIdentity(
      recipe: label + "\n", model: SHA256.digest(of: try Checkpoint(model).encoded()),
      data: "\(dataset)/\(set.shape[0])", software: Software.versions)
    let (directory, outcome, _) = try AttackRun(try attack(on: model), threads: context.threads).run(
      set, folder: context.scratch, identity: identity,
      progress: RunProgress(
        style: .lines, unit: "samples of \(label)", interval: 60,
        write: { context.note($0.trimmingCharacters(in: .newlines)) }),
      isCancelled: context.stopsEarly)
    if outcome.interruption != nil { throw CancellationError() }
    return try UAESet(reading: directory.records.map { directory.shardPath($0.shard) })
  }

  private func attack(on model: any Autoencoder) throws -> Attack {
    switch arm {
    case .gaussian(let sigma):
      return Attack(
        criterion: Reconstruction(model), similarity: ExactInformation(),
        solver: Switching(start: .noise(sigma: sigma), iterations: 0), seed: seed)
    case .pgd:
      return Attack(criterion: ReconstructionLoss(model), similarity: Distance(), solver: PGD(), seed: seed)
    default:
      guard let recipe else { throw StudyError.settings("\(label) has no recipe") }
      var attack = try recipe.makeAttack(on: model, seed: seed)
      if arm == .l2UAE { attack.similarity = ReconstructionDistance { model($0) } }
      return attack
    }
  }

  /// Static mixup: each sample with one other, the weight uniform in [0, 1).
  private func mixtures(of set: Tensor) -> Tensor {
    let count = set.shape[0]
    let draws = (0..<count).map { RandomStream(seed: seed, purpose: .partner, index: $0).uniform(2) }
    let partners = draws.enumerated().map { index, draw in
      (index + 1 + Int(draw[0] * Float(max(1, count - 1)))) % count
    }
    let weights = Tensor(draws.map { $0[1] }, [count]).perSample(like: set)
    return withoutGrad { set * weights + set.gathered(partners) * (1 - weights) }
  }

  private func examples(
    of set: Tensor, perturbed: Tensor, against model: any Autoencoder, result: UAESet?
  ) -> Examples {
    let f = criterionValues(of: set, perturbed: perturbed, against: model)
    let delta = withoutGrad { perturbed - set }
    let lInfinity = delta.flattened().abs().max(1).doubles
    let l2 = delta.sampleNorms().doubles
    // PGD's own criterion is another one: what counts here is the paper's, for every arm.
    let won: [Bool] =
      if let result, arm != .pgd {
        result.status.map { $0 == .succeeded }
      } else {
        zip(f, lInfinity).map { $0 <= 0 && $1 > 0 }
      }
    let kept = arm.replacesFailures ? won.indices.filter { won[$0] } : Array(won.indices)
    let information = GaussianInformation(set).valuesAndGradient(perturbed).values.doubles
    let near = 0.01 * Double(set[0].count).squareRoot()
    let shown = stride(from: 0, to: kept.count, by: max(1, kept.count / 500)).map { kept[$0] }
    let figures = ExampleFigures(
      successRate: Double(won.count { $0 }) / Double(max(1, won.count)), l2: mean(kept.map { l2[$0] }),
      lInfinity: mean(kept.map { lInfinity[$0] }), nearShare: mean(kept.map { l2[$0] <= near ? 1 : 0 }),
      information: mean(kept.map { information[$0] }),
      similarity: result.map { result in mean(kept.map { Double(result.similarity[$0]) }) },
      statuses: Dictionary(grouping: result?.status ?? [], by: { "\($0)" }).mapValues(\.count),
      criterionSample: shown.map { Float(f[$0]) }, informationSample: shown.map { Float(information[$0]) })
    return Examples(perturbed: perturbed, figures: figures)
  }

  /// The paper's f(x′) of every sample.
  private func criterionValues(of set: Tensor, perturbed: Tensor, against model: any Autoencoder) -> [Double]
  {
    withoutGrad {
      stride(from: 0, to: set.shape[0], by: 512).flatMap { start -> [Double] in
        let range = start..<min(start + 512, set.shape[0])
        let x = set[range]
        return ((x - model(perturbed[range])).sampleNorms() - (x - model(x)).sampleNorms()).doubles
      }
    }
  }
}

extension Table4Plan.UAE {
  /// A recipe of Algorithm 1 with these parameters.
  func applied(to recipe: AttackSettings) -> AttackSettings {
    var settings = recipe
    settings.alpha = alpha
    settings.beta = beta
    settings.iterations = iterations
    settings.epsilon = epsilon
    settings.kappa = kappa
    settings.mine.steps = mineSteps
    settings.mine.learningRate = mineLearningRate
    return settings
  }
}
