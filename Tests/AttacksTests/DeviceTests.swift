import Attacks
import Evaluation
import Models
import MutualInformation
import StandIn
import Testing
import Torch

@Suite(.enabled(if: StandIn.device != nil, "the stand-in device is not built; run ./test"))
struct DeviceTests {
  let other: Device

  init() throws { other = try #require(StandIn.device) }

  /// Gives every output, by one linear map.
  struct Linear: Model {
    let name = "linear"
    let sampleShape = [1, 3, 3]
    let outputs = Set(Output.allCases)
    let device: Device
    private let square: Tensor, narrow: Tensor

    init(_ device: Device) {
      self.device = device
      square = Tensor(RandomStream(seed: 1, purpose: .initialization).normal(81), [9, 9]).to(device)
      narrow = Tensor(RandomStream(seed: 2, purpose: .initialization).normal(27), [3, 9]).to(device)
    }

    func output(_ output: Output, of x: Tensor, original: Tensor) throws -> Tensor {
      switch output {
      case .reconstruction: linear(x.flattened(), square).sigmoid().reshaped(x.shape)
      case .logits, .embedding, .projection: linear(x.flattened(), narrow)
      case .loss: (linear(x.flattened(), square) - original.flattened()).square().sum(1)
      }
    }

    func views(_ name: String?, samples: Tensor) throws -> (any SampleViews)? { nil }
    func digest() throws -> String { "linear" }
  }

  private static func choice(_ name: String, _ settings: [Setting]) -> Choice {
    var choice = Choice(name)
    for setting in settings {
      switch setting.name {
      case "iterations", "mineSteps", "searches", "queries": choice[setting.name] = .integer(2)
      case "target": choice[setting.name] = .integer(1)
      case "projections": choice[setting.name] = .integer(4)
      case "projectedSize": choice[setting.name] = .integer(5)
      default: break
      }
    }
    return choice
  }

  private func run(_ recipe: Recipe, _ device: Device) throws -> AttackResult {
    let set = Tensor(RandomStream(seed: 3, purpose: .augmentation).uniform(5 * 9), [5, 1, 3, 3]).to(device)
    let attack = try recipe.makeAttack(on: Linear(device), samples: set, seed: 1)
    let result = try attack.run(set, range: 0..<5, threads: 1)
    #expect(result.perturbed.device == set.device)
    return result
  }

  /// All but the one that needs weights from elsewhere, and larger images.
  private static let similarities = Similarities.registry.names.filter { $0 != "perceptual" }

  @Test(arguments: Criteria.registry.names, similarities)
  func everySolverAndStartStaysWhereTheSamplesAre(_ criterion: String, _ similarity: String) throws {
    let criterion = Self.choice(criterion, try Criteria.registry.named(criterion).settings)
    let similarity = Self.choice(similarity, try Similarities.registry.named(similarity).settings)
    for solver in Solvers.registry.entries where solver.onlyCriterion ?? criterion.name == criterion.name {
      for start in Starts.registry.entries where solver.takesStart || start.name == "zero" {
        let recipe = Recipe(
          "everywhere", criterion: criterion, similarity: similarity,
          start: Self.choice(start.name, start.settings),
          solver: Self.choice(solver.name, solver.settings))
        let there = try run(recipe, other), here = try run(recipe, .cpu)
        #expect(there.status == here.status)
        let difference = zip(there.perturbed.floats, here.perturbed.floats).map { abs($0 - $1) }.max() ?? 0
        // The host's kernels of MINE and of switching sum in another order than LibTorch's operators.
        #expect(difference < 1e-3, "\(solver.name) from \(start.name): \(difference)")
      }
    }
  }

  @Test(arguments: ModelFamilies.all)
  func everyFamilyIsTrainedAndAttackedWhereItIs(_ family: ModelFamily) throws {
    let shape = [1, 8, 8]
    let set = Tensor(RandomStream(seed: 3, purpose: .augmentation).uniform(20 * 64), [20] + shape).to(other)
    let model = try Architecture(family, sampleShape: shape, classes: 3).makeModel(seed: 1, device: other)
    var trainer = Trainer(model, seed: 1)
    let data = TrainingData(set, labels: (0..<20).map { $0 % 3 })
    for index in 0..<2 { _ = try trainer.step(data.batch(Array(index * 10..<index * 10 + 10))) }
    #expect(model.tensors.allSatisfy { $0.tensor.device == set.device })
    for var recipe in Recipe.named {
      if !model.outputs.contains(.reconstruction) {
        recipe.criterion = Choice(model.outputs.contains(.logits) ? "same-class" : "embedding")
      }
      recipe.solver["iterations"] = .integer(2)
      if recipe.similarity.name == "mine" { recipe.similarity["mineSteps"] = .integer(2) }
      let attack = try recipe.makeAttack(on: model, samples: set, seed: 1)
      #expect(try attack.run(set, range: 0..<20, threads: 1).perturbed.device == set.device)
    }
  }

  /// What precedes and follows the search: the checks before it, and the scoring of what comes out of a file, which is in
  /// the host's memory.
  @Test(arguments: ["reconstruction", "misclassification"])
  func checksAndRescoringStayWhereTheSamplesAre(_ criterion: String) throws {
    let set = Tensor(RandomStream(seed: 3, purpose: .augmentation).uniform(5 * 9), [5, 1, 3, 3]).to(other)
    let recipe = Recipe("checked", criterion: Choice(criterion))
    let labels = [0, 1, 2, 0, 1]
    let preflight = try Preflight(Linear(other), recipe, set, labels: labels)
    #expect(preflight.criterion != nil)
    let attack = try recipe.makeAttack(on: Linear(other), samples: set, labels: labels, seed: 1)
    let found = try attack.run(set, range: 0..<5, threads: 1)
    var examples = found.examples
    examples.perturbed = examples.perturbed.to(.cpu)
    #expect(try attack.criterionValues(set.to(.cpu), examples) == attack.criterionValues(set, examples))
    let figures = try ClassFigures(Linear(other), set, found.perturbed, labels: labels)
    #expect(0...1 ~= figures.robustAccuracy)
  }

  /// The test's own test: the stand-in does fail where two devices meet.
  @Test func theStandInRefusesWhatIsElsewhere() throws {
    let add = try Operator("aten::add", "Tensor")
    let here = Tensor.full([2, 2], 1, device: .cpu), there = Tensor.full([2, 2], 1, device: other)
    #expect(throws: TorchError.self) {
      _ = try add(.tensor(here), .tensor(there), .int(1))
    }
  }
}
