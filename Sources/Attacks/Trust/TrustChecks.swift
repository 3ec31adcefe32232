import Formats
import Models
import Torch

/// Whether what an attack on a classifier does not find is likely not there: checks that take an attack each, on a few samples.
///
/// They are those of Carlini et al. 2019 (arXiv 1902.06705: more budget finds more, an unbounded attack finds everything, many
/// steps find no less than one), an indicator of Pintor et al. 2022 (twice the steps find no more: the search is at its end), a
/// warning of AutoAttack's (a search without gradients finds what gradients do not), and the active test of
/// examples planted in the features.
public struct TrustChecks {
  /// What a check found.
  public typealias Finding = ModelInspection.Finding

  /// What all checks found so far.
  public private(set) var findings: [Finding] = []
  private let model: any Model
  private let recipe: Recipe
  private let samples: Tensor
  private let labels: [Int]?
  private let threads: Int
  private let mask: Tensor?
  private let grid: IntegerGrid?

  /// The share of planted examples that a sound attack finds at least.
  static let soundShare = 0.95
  /// The share of the samples that twice the steps may break in addition.
  static let unfinishedShare = 0.05
  /// The share of random points of a ball that may be what was planted in it: where more are, finding one proves nothing.
  static let largestChance = 0.05
  /// The values of f that the search without gradients asks for.
  static let queries = 300

  /// - Parameters:
  ///   - samples: a few samples `[count] + sampleShape`, on the model's device.
  ///   - labels: one per sample, from 0, where there are any.
  ///   - mask: where values may change, `[1 or count] + sampleShape`.
  ///   - grid: the values that the attack's results can hold.
  /// - Throws: ``RecipeError`` where the criterion is not that x′ is of another class; what the model throws.
  public init(
    _ model: any Model, _ recipe: Recipe, _ samples: Tensor, labels: [Int]?, mask: Tensor? = nil,
    grid: IntegerGrid? = nil, threads: Int
  ) throws {
    let recipe = try recipe.completed()
    guard recipe.criterion.name == RegisteredCriterion.misclassification.name else {
      throw RecipeError("--trust looks at attacks with --criterion misclassification")
    }
    self.model = model
    self.recipe = recipe
    self.samples = samples
    self.labels = labels
    self.threads = threads
    self.mask = mask
    self.grid = grid
    let norm = recipe.solver.word("norm", usual: Norm.linf)
    guard let epsilon = recipe.solver["epsilon"]?.number, epsilon > 0, epsilon < 1 || norm == .l2 else {
      findings = [Finding("trust", "the solver \(recipe.solver.name) has no bound: nothing to compare")]
      return
    }
    guard recipe.within == nil else {
      findings = [
        Finding("trust", "with bounds besides ε no attack has to find everything: nothing to compare")
      ]
      return
    }
    let own = try broken(recipe.solver)
    findings = try [
      order(norm, epsilon, full: own.count { $0 }), finished(own), withoutGradients(norm, epsilon, own),
      planted(norm, epsilon),
    ].compactMap { $0 }
  }

  /// Which of the samples an attack breaks.
  private func broken(_ solver: Choice) throws -> [Bool] {
    var other = recipe
    other.solver = solver
    if try !Solvers.registry.named(solver.name).takesStart { other.start = Choice("zero") }
    var attack = try other.makeAttack(on: model, samples: samples, labels: labels, seed: 1, grid: grid)
    attack.mask = mask
    let result = try attack.run(samples, range: 0..<samples.shape[0], threads: threads)
    return result.status.map { $0 == .succeeded }
  }

  private func order(_ norm: Norm, _ epsilon: Double, full: Int) throws -> Finding {
    func at(_ radius: Double) throws -> Int {
      var solver = recipe.solver
      solver["epsilon"] = .real(radius)
      return try broken(solver).count { $0 }
    }
    let all = samples.shape[0]
    // From any x of the box every other point is this near.
    let whole = norm == .linf ? 1 : Double(samples.count / all).squareRoot()
    let half = try at(epsilon / 2), unbounded = try at(whole)
    let steps = "\(half) of \(all) at ε/2, \(full) at ε, \(unbounded) without a bound"
    var problems: [String] = []
    if half > full { problems.append("a larger ball holds the smaller one, and less is found in it") }
    if mask == nil, unbounded < all {
      problems.append(
        "without a bound each sample can be any other, and not all are broken (more --iterations, a larger --alpha)"
      )
    }
    var single = ""
    if norm == .linf, recipe.solver.name != RegisteredSolver.fgsm.name {
      let one = try broken(Choice(RegisteredSolver.fgsm.name, ["epsilon": .real(epsilon)])).count { $0 }
      single = "; \(one) by a single step"
      if one > full { problems.append("one step finds more than this attack") }
    }
    let text = problems.isEmpty ? "" : ": " + problems.joined(separator: "; ")
    return Finding("more finds more", steps + single + text, spoils: !problems.isEmpty)
  }

  /// Whether twice the steps find more; nil for solvers without any.
  private func finished(_ own: [Bool]) throws -> Finding? {
    guard recipe.solver.name != RegisteredSolver.fgsm.name, let steps = recipe.solver["iterations"]?.number
    else { return nil }
    var solver = recipe.solver
    solver["iterations"] = .integer(2 * Int(steps))
    let before = own.count { $0 }, after = try broken(solver).count { $0 }
    let text = "\(before) of \(own.count) with \(Int(steps)) steps, \(after) with twice as many"
    let more = Double(after - before) / Double(own.count)
    guard more > Self.unfinishedShare else { return Finding("finished", text) }
    return Finding("finished", text + ": the search is not at its end (more --iterations)", spoils: true)
  }

  private func withoutGradients(_ norm: Norm, _ epsilon: Double, _ own: [Bool]) throws -> Finding? {
    guard recipe.solver.name != RegisteredSolver.square.name else { return nil }
    let square = Choice(
      RegisteredSolver.square.name,
      ["epsilon": .real(epsilon), "norm": .text(norm.rawValue), "queries": .integer(Self.queries)])
    let others = zip(try broken(square), own).count { $0 && !$1 }
    let text =
      "\(Self.queries) queries without gradients break \(others) of the \(own.count { !$0 }) that this attack does not"
    guard others > 0 else { return Finding("gradients", text) }
    return Finding(
      "gradients", text + ": gradients lead astray (--solver square, another --surrogate)",
      spoils: true)
  }

  private func planted(_ norm: Norm, _ epsilon: Double) throws -> Finding {
    let criterion = PlantedExamples(
      model, norm: norm, epsilon: epsilon, surrogate: recipe.criterion.word("surrogate", usual: .margin))
    let count = samples.shape[0]
    var attack = Attack(
      criterion: criterion, similarity: Distance(),
      solver: try Solvers.make(recipe.solver, start: recipe.makeStart()), seed: 1, device: model.device)
    attack.mask = mask
    let result = try attack.run(samples, range: 0..<count, threads: threads)
    let there = result.status.count { $0 != .skipped }, found = result.status.count { $0 == .succeeded }
    guard there > 0 else {
      return Finding("planted", "no readout of the model's features tells points of a ball apart: no test")
    }
    let tile = Tile(samples, number: 0, size: count, range: 0..<count, seed: 1, mask: mask)
    let chance = try withoutGrad { try criterion.shareByChance(tile, draws: 50) }
    let share = Double(found) / Double(there)
    let text =
      "\(found) of \(there) examples that are known to exist are found; of random points \(chance.text(.percent(1))) are one"
    guard chance <= Self.largestChance else {
      return Finding("planted", text + ": so many that finding one proves nothing")
    }
    guard share < Self.soundShare else { return Finding("planted", text) }
    return Finding(
      "planted",
      text
        + ": what this attack does not find may be there all the same (more --iterations, another --solver)",
      spoils: true)
  }
}
