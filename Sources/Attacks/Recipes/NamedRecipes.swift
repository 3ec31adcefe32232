extension Recipe {
  /// Algorithm 1 to the letter: δ₀ = 0, α = 0.01, β = 0.1, T = 40, MINE with 20 steps per iteration.
  public static let paper = Recipe(
    "paper", similarity: Choice("mine"), start: Choice("zero"), solver: Choice("minmax"))

  /// Algorithm 1 with two choices of the authors' published code: δ starts at Glorot-uniform noise, and the criterion
  /// compares squared norms.
  public static let paperCode = Recipe(
    "paper-code", criterion: Choice("reconstruction", ["errorNorm": .text("squared-l2")]),
    similarity: Choice("mine"), start: Choice("glorot"), solver: Choice("minmax"))

  /// What the authors' published code does to contrastive models: its criterion compares copies of x′ and is a constant, so that
  /// nothing but the Glorot start is left of an example.
  public static let contrastiveCode = Recipe(
    "contrastive-code", criterion: Choice("contrastive", ["reference": .text("copies")]),
    similarity: Choice("mine"), start: Choice("glorot"),
    solver: Choice("minmax", ["iterations": .integer(20)]))

  /// Algorithm 1 with thirty times the step; docs/visible.md measures how far that goes.
  public static let visible = Recipe(
    "visible", similarity: Choice("mine"), start: Choice("zero"),
    solver: Choice("minmax", ["alpha": .real(0.3)]))

  /// Switching steps from Gaussian noise, away from the original by exact information.
  public static let farNoise = Recipe("far-noise")

  /// Switching steps from a mixture with another sample.
  public static let farMix = Recipe("far-mix", start: Choice("mix"))

  /// As `far-noise`, but the model is retrained on examples made anew against itself in every epoch, by a few steps; where
  /// these find none, the noise they began with stays. docs/recipes.md has the evidence.
  public static let online = Recipe(
    "online", retraining: Retraining(failures: .start, onlineEvery: 1))

  /// The recipes that go by name.
  public static let named: [Recipe] = [farNoise, paper, paperCode, visible, farMix, online]

  /// What an attack uses where nothing is asked for.
  public static let usual = farNoise

  /// What a whole run uses where nothing is asked for: the recipe that wins on validation data (docs/recipes.md).
  public static let augmentation = online
}
