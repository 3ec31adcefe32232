import Torch

/// SSIM of x and x′: the likeness of images in luminance, contrast and structure, which an unsupervised example makes small and
/// a supervised one large.
public struct StructuralLikeness: Similarity {
  public let bytesPerSample = 0
  private let similarity: StructuralSimilarity

  /// The likeness by an index of structural similarity.
  public init(_ similarity: StructuralSimilarity) { self.similarity = similarity }

  public func bind(_ tile: Tile) -> any BoundSimilarity {
    Differentiated { [originals = tile.originals] in similarity(originals, $0) }
  }
}

extension RegisteredSimilarity {
  static let ssim = RegisteredSimilarity(
    "ssim", "the structural similarity of images (Wang et al. 2004)", limit: .atLeast, settings: []
  ) { context, _ in
    let shape = context.model.sampleShape
    guard shape.count == 3, let similarity = StructuralSimilarity(shape: shape) else {
      throw RecipeError(
        "the similarity 'ssim' is for images of at least 3×3, not for samples of shape \(shape)")
    }
    return StructuralLikeness(similarity)
  }
}
