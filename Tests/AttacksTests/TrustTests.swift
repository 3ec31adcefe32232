import Attacks
import Models
import MutualInformation
import Testing
import Torch

/// Whether checks of an attack tell one that is sound from one that cannot work.
@Suite struct TrustTests {
  /// Two layers, behind which gradients say the truth, or nothing where the input is rounded.
  struct Network: Model {
    let name = "network"
    let sampleShape = [12]
    let outputs: Set<Output> = [.logits, .embedding]
    let device = Device.cpu
    var masks = false
    /// Whether all it sees are the fifths that a sample's first value is in.
    var isCoarse = false
    private let first =
      Tensor(RandomStream(seed: 1, purpose: .initialization).normal(40 * 12), [40, 12]) * 0.3
    private let second =
      Tensor(RandomStream(seed: 2, purpose: .initialization).normal(4 * 40), [4, 40]) * 0.3

    init(masks: Bool = false, isCoarse: Bool = false) { (self.masks, self.isCoarse) = (masks, isCoarse) }

    func output(_ output: Output, of x: Tensor, original: Tensor) throws -> Tensor {
      // A staircase of small steps, whose slope a gradient does not see.
      let seen = masks ? (x * 1000).floor() * 0.001 + x * 0 : x
      if isCoarse {
        let step = (x.selected(1, 0) * 5).floor() + x.selected(1, 0) * 0
        return stacked([step, -step], 1)
      }
      let hidden = linear(seen, first.to(x.dtype)).tanh()
      return output == .logits ? linear(hidden, second.to(x.dtype)) : hidden
    }

    func views(_ name: String?, samples: Tensor) throws -> (any SampleViews)? { nil }
    func digest() throws -> String { "network" }
  }

  static let samples = Tensor(RandomStream(seed: 3, purpose: .augmentation).uniform(32 * 12), [32, 12])

  static func recipe(_ solver: String, _ settings: [String: SettingValue] = [:]) -> Recipe {
    var choice = Choice(solver)
    choice["epsilon"] = .real(0.1)
    for (name, value) in settings { choice[name] = value }
    return Recipe(
      "trusted", criterion: Choice("misclassification"), similarity: Choice("l2"), start: Choice("zero"),
      solver: choice)
  }

  private func findings(_ recipe: Recipe, masks: Bool = false) throws -> [String: TrustChecks.Finding] {
    let checks = try TrustChecks(Network(masks: masks), recipe, Self.samples, labels: nil, threads: 2)
    return Dictionary(uniqueKeysWithValues: checks.findings.map { ($0.subject, $0) })
  }

  @Test(arguments: ["pgd", "apgd", "fab"], ["linf", "l2"])
  func aSoundAttackFindsWhatIsPlanted(_ solver: String, _ norm: String) throws {
    let found = try findings(Self.recipe(solver, ["norm": .text(norm)]))
    let planted = try #require(found["planted"])
    #expect(!planted.spoils, "\(planted.text)")
    #expect(!planted.text.hasPrefix("0 of"))
  }

  @Test func maskedGradientsAreSeen() throws {
    let found = try findings(Self.recipe("apgd"), masks: true)
    #expect(found["planted"]?.spoils == true, "\(found)")
    #expect(found["more finds more"]?.spoils == true, "\(found)")
    // Where gradients say nothing, a search without them is the better one.
    let wide = try findings(Self.recipe("apgd", ["epsilon": .real(0.6)]), masks: true)
    #expect(wide["gradients"]?.spoils == true, "\(wide)")
  }

  @Test func tooFewStepsAreSeen() throws {
    let found = try findings(Self.recipe("pgd", ["iterations": .integer(2), "alpha": .real(0.001)]))
    #expect(found["more finds more"]?.spoils == true, "\(found)")
  }

  @Test func aSearchThatIsNotAtItsEndIsSeen() throws {
    let short = try findings(
      Self.recipe("pgd", ["epsilon": .real(0.6), "iterations": .integer(5), "alpha": .real(0.06)]))
    #expect(short["finished"]?.spoils == true, "\(short)")
    let long = try findings(Self.recipe("apgd", ["epsilon": .real(0.6)]))
    #expect(long["finished"]?.spoils == false && long["gradients"]?.spoils == false, "\(long)")
    #expect(try findings(Self.recipe("fgsm"))["finished"] == nil)
  }

  /// Solvers that begin elsewhere than at the original are compared with some that do not.
  @Test func anAttackWithAStartOfItsOwnIsCheckedToo() throws {
    var recipe = Self.recipe("minmax", ["alpha": .real(0.1), "iterations": .integer(20)])
    recipe.start = Choice("noise")
    #expect(try findings(recipe)["planted"] != nil)
  }

  /// The readout is computed in the model's own precision, and points are planted where values may change.
  @Test func aModelOfDoublesAndAMaskAreCheckedAsTheAttackRuns() throws {
    let half = Tensor((0..<12).map { Float($0 % 2) }, [1, 12])
    let checks = try TrustChecks(
      Network(), Self.recipe("apgd"), Self.samples.to(.float64), labels: nil, mask: half, threads: 2)
    let planted = try #require(checks.findings.first { $0.subject == "planted" })
    #expect(!planted.spoils, "\(planted.text)")
    // Without a bound, too, only half of the values change.
    let order = try #require(checks.findings.first { $0.subject == "more finds more" })
    #expect(!order.spoils, "\(order.text)")
  }

  /// Where most points of a ball are one, finding one proves nothing.
  @Test func aPlantedExampleThatChanceFindsIsNoTest() throws {
    let checks = try TrustChecks(
      Network(isCoarse: true), Self.recipe("pgd"), Self.samples, labels: nil, threads: 2)
    let planted = try #require(checks.findings.first { $0.subject == "planted" })
    #expect(!planted.spoils && planted.text.contains("proves nothing"), "\(planted.text)")
  }

  /// Whose gradients say nothing is still searched by the solver that asks for none; of AutoAttack's set one part does.
  @Test func aSearchWithoutGradientsNeedsNone() throws {
    func preflight(_ solver: String) throws -> Preflight {
      try Preflight(Network(isCoarse: true), Self.recipe(solver), Self.samples)
    }
    #expect(try preflight("pgd").obstacle?.subject == "gradient")
    let square = try preflight("square")
    #expect(square.obstacle == nil && square.warning == nil)
    let auto = try preflight("auto")
    #expect(auto.obstacle == nil && auto.warning?.text.contains("without gradients") == true)
  }

  @Test func otherCriteriaAreRefused() throws {
    var other = Self.recipe("pgd")
    other.criterion = Choice("same-class")
    #expect(throws: RecipeError.self) {
      try TrustChecks(Network(), other, Self.samples, labels: nil, threads: 1)
    }
  }
}
