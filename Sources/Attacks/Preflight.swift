import Formats
import Models
import Torch

/// What of a model, a recipe and samples would spoil an attack, found out on a few samples before it begins.
public struct Preflight {
  /// What a check found.
  public typealias Finding = ModelInspection.Finding

  /// One per property, good or bad; after a spoiling one, those that depend on it are left out.
  public private(set) var findings: [Finding] = []
  /// How the criterion behaves; nil where the model's behaviour spoils the attack before.
  public private(set) var criterion: CriterionInspection?

  /// What would make the examples meaningless, if anything would.
  public var obstacle: Finding? { findings.first { $0.spoils && !$0.isVain } }
  /// What makes an attack weaker than it could be.
  public private(set) var warning: Finding?
  /// Why no example will be found, if that is known.
  public var vanity: Finding? { findings.first(where: \.isVain) }

  /// - Parameters:
  ///   - samples: all samples `[count] + sampleShape`, on the model's device.
  ///   - labels: as an attack gets them.
  ///   - targets: likewise.
  /// - Throws: ``RecipeError`` for a recipe that cannot be.
  public init(
    _ model: any Model, _ recipe: Recipe, _ samples: Tensor, labels: [Int]? = nil, targets: [Int]? = nil
  ) throws {
    let entry = try Criteria.registry.named(recipe.criterion.name)
    guard model.outputs.contains(entry.needs) else {
      let refusal = model.lacks(entry.needs, for: "the criterion '\(entry.name)'")
      let others = Criteria.suiting(model).map(\.name).joined(separator: ", ")
      findings.append(Finding("criterion", "\(refusal); it suits \(others)", spoils: true))
      return
    }
    if let script = model as? ScriptModel { findings += script.use }
    let few = samples[0..<min(Attack.tileSize, samples.shape[0])]
    findings += ModelInspection(model, entry.needs, few, batchSize: Attack.tileSize).findings()
    guard obstacle == nil else { return }
    let use = try Solvers.registry.named(recipe.solver.name).gradientUse
    let inspection: CriterionInspection
    func first(_ all: [Int]?) -> [Int]? { all.map { Array($0.prefix(few.shape[0])) } }
    do {
      inspection = try CriterionInspection(
        Criteria.make(recipe.criterion, on: model, labels: first(labels), targets: first(targets)), few,
        needsGradient: use != .never)
    } catch let
      error as RecipeError
    { throw error } catch {
      findings.append(Finding("criterion", "\(error)", spoils: true))
      return
    }
    criterion = inspection
    // Where nothing may change nothing can be claimed.
    let rebuilt =
      entry.needs == .reconstruction && recipe.solver["epsilon"]?.number != 0
      ? rebuilding(model, samples) : []
    if entry.needs == .logits, let logits = try? withoutGrad({ try model.output(.logits, of: few) }),
      Self.areProbabilities(logits)
    {
      warning = Finding(
        "logits",
        "each sample's outputs are positive and sum to 1: these are probabilities, not logits, and where the model is sure "
          + "their gradients vanish; save the model without its softmax, or name the output before it by --output"
      )
      findings += [warning].compactMap { $0 }
    }
    // Without a gradient that is the reason; a gradient that vanishes may come of a wrong range.
    var slope = use == .never ? values(inspection) : gradient(inspection)
    if slope.spoils, use == .partly {
      slope = Finding(
        "gradient",
        "\(slope.text); of \(recipe.solver.name) only the search without gradients can find anything")
      warning = slope
    }
    findings += inspection.isDifferentiable ? rebuilt + [slope] : [slope] + rebuilt
  }

  private static func areProbabilities(_ logits: Tensor) -> Bool {
    let isPositive = logits.reshaped([-1]).min(0).item >= 0
    return isPositive && logits.sum(1).doubles.allSatisfy { abs($0 - 1) < 1e-3 }
  }

  private func rebuilding(_ model: any Model, _ samples: Tensor) -> [Finding] {
    guard samples.shape[0] > 1, let error = try? CleanError(model, samples), error.mean > 0 else { return [] }
    let figures =
      "clean samples are rebuilt with an error of \(error.model.text(.general(3))), their mean alone has "
      + error.mean.text(.general(3))
    if error.isNone {
      let text =
        "clean samples come back as they are, so that no other input can be rebuilt as well: the model's code is "
        + "as large as the data need, or it hands its input on"
      return [Finding("reconstruction", text, spoils: true, isVain: true)]
    }
    guard error.isWorseThanMean else { return [Finding("reconstruction", figures)] }
    // A checkpoint of ours is used as it was trained, however badly that is.
    if model is OracleModel {
      let causes =
        "trained on other data, or in another range or layout: --model-range, --model-layout, --output-range"
      return [Finding("reconstruction", "\(figures): \(causes)", spoils: true)]
    }
    guard let script = model as? ScriptModel else {
      return [Finding("reconstruction", "\(figures): trained on other data, or hardly at all")]
    }
    let causes =
      script.remedy.map { "better with \($0)" }
      ?? "trained on other data, or in a range, layout or output that is not found out: --model-range, "
      + "--model-layout, --output-range, --output"
    return [Finding("reconstruction", "\(figures): \(causes)", spoils: true)]
  }

  private func values(_ inspection: CriterionInspection) -> Finding {
    let all = inspection.samples
    return Finding(
      "values",
      "those of x and of a changed x are the same at \(inspection.constant) of \(all) samples, not finite at "
        + "\(inspection.notFinite); the solver asks for no gradient",
      spoils: inspection.constant == all || inspection.notFinite * 2 > all)
  }

  private func gradient(_ inspection: CriterionInspection) -> Finding {
    guard inspection.isDifferentiable else {
      return Finding(
        "gradient",
        "none reaches the input: the model computes under torch.no_grad(), or by detach(), rounding or integers",
        spoils: true)
    }
    if inspection.constant * 2 > inspection.samples {
      return Finding(
        "gradient",
        "the criterion is a constant: at \(inspection.constant) of \(inspection.samples) samples it is the same for x and for a "
          + "changed x, and its gradient is no more than rounding; every example would succeed or none",
        spoils: true)
    }
    let zero = inspection.zeroGradients, broken = inspection.notFinite, all = inspection.samples
    return Finding(
      "gradient", "exactly zero at \(zero) of \(all) samples, not finite at \(broken)",
      spoils: zero * 2 > all || broken * 2 > all)
  }
}

extension ScriptModel {
  /// How the model is used, and what of that was found out.
  fileprivate var use: [ModelInspection.Finding] {
    return [
      ModelInspection.Finding(
        "input",
        "\(input.modelShape) (\(input.layout.rawValue)), \(input.dtype), values in \(input.range.shortText)")
    ] + guesses.map { ModelInspection.Finding("guess", $0) }
  }
}
