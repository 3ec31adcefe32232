import Models
import Torch

/// f(x′) = ℓ(x′) − ℓ(x) + κ for a contrastive loss against x: views of x′ are told from other samples as x by no less than views
/// of x are.
///
/// With g the encoder and projector to unit length, a_v = g(t_v(x)) for A views of x, n_j those of one view of each of M other
/// samples, both frozen, and b_w = g(t_w(x′)):
///
///     ℓ(x′) = mean over v and w of −a_v·b_w/τ + log(e^{a_v·b_w/τ} + Σ_j e^{n_j·b_w/τ})
///
/// Both losses have the same t_w, so that f(x) = κ, and no sample's value depends on another. A search that followed a few fixed
/// views would fit these alone: gradients are of views drawn anew at each step, and a success is judged by a set of views of its
/// own (``verdict``), which no gradient is of. A loss of x′ to itself instead (`itself`) is met by mere noise, and that of the
/// published code (`copies`) is a constant.
public struct KeepsContrast: Criterion {
  /// What the views of x′ are compared with.
  public enum Reference: String, Codable, CaseIterable, Sendable {
    /// Views of x.
    case original
    /// Other views of x′: the literal reading of "a lower loss of its own".
    case itself
    /// Copies of x′ without any view, as the published code has it: f is a constant.
    case copies
  }

  private let project: @Sendable (Tensor) throws -> Tensor
  private let views: RandomViews
  /// κ ≥ 0, the margin against the error of a few views.
  public var kappa = 0.05
  /// τ > 0, what similarities are divided by.
  public var temperature = 0.5
  /// What the loss of x′ is compared with.
  public var reference = Reference.original
  /// A, the views of x.
  public var anchors = 16
  /// The views that a gradient is of.
  public var draws = 2
  /// The views that decide on a success.
  public var verdict = 16
  /// M, the other samples at most.
  public var negatives = 500
  /// Where the views that decide come from; examples are scored once more by others.
  public var purpose = RandomStream.Purpose.heldOutViews

  /// - Parameters:
  ///   - views: t.
  ///   - project: g, `[batch, …]` → `[batch, values]`, frozen, in evaluation mode; of any length.
  public init(views: RandomViews, project: @escaping @Sendable (Tensor) throws -> Tensor) {
    self.views = views
    self.project = project
  }

  /// - Parameter model: one that has embeddings, as it is now; where it has a projection, that is what is compared.
  public init(_ model: any Model) {
    let output: Output = model.outputs.contains(.projection) ? .projection : .embedding
    let frozen = model.frozen()
    self.init(views: .of(model)) {
      try frozen.output(output, of: $0)
    }
  }

  /// - Throws: ``CriterionError/nothingToTellFrom``; what the model throws.
  public func bind(_ tile: Tile) throws -> any BoundCriterion {
    try withoutGrad {
      let others = try OtherSamples(tile, count: negatives, views: views) { try project($0).unitRows() }
      let bound = BoundContrast(
        settings: self, views: views, tile: tile, others: others,
        project: { [project] in try project($0).unitRows() })
      return try bound.anchored()
    }
  }
}

extension RegisteredCriterion {
  static let contrastive = RegisteredCriterion(
    "contrastive", "views of x' are told from other samples as x by no less than views of x",
    needs: .embedding,
    settings: [
      .real("kappa", 0.05, in: .fromZero, "κ, the margin by which the criterion must hold"),
      .real("temperature", 0.5, in: .positive, "τ of the contrastive loss"),
      .word("reference", KeepsContrast.Reference.original, "what views of x' are compared with"),
      .integer("anchors", 16, in: 1...1000, "A, the views of x"),
      .integer("draws", 2, in: 1...1000, "the views that a gradient is of, anew at each step"),
      .integer("verdict", 16, in: 1...1000, "the views that decide on a success"),
      .integer("negatives", 500, in: 1...100_000, "M, the other samples at most"),
    ]
  ) { context, choice in
    var criterion = KeepsContrast(context.model)
    criterion.kappa = choice.real("kappa")
    criterion.temperature = choice.real("temperature")
    criterion.reference = choice.word("reference", usual: .original)
    criterion.anchors = choice.integer("anchors")
    criterion.draws = choice.integer("draws")
    criterion.verdict = choice.integer("verdict")
    criterion.negatives = choice.integer("negatives")
    return criterion
  }
}
