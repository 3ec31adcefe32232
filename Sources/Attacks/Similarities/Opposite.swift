import Torch

/// −I(x, x′): turns a search for the least alike into one for the most alike, the paper's supervised direction.
public struct Opposite: Similarity {
  private let similarity: any Similarity

  /// The opposite of a similarity.
  public init(_ similarity: any Similarity) { self.similarity = similarity }

  public var bytesPerSample: Int { similarity.bytesPerSample }

  public func bind(_ tile: Tile) throws -> any BoundSimilarity {
    Bound(similarity: try similarity.bind(tile))
  }

  private struct Bound: BoundSimilarity {
    var similarity: any BoundSimilarity
    var closedForm: ClosedForm? { nil }

    mutating func evaluate(_ perturbed: Tensor, iteration: Int) throws -> (values: Tensor, gradient: Tensor) {
      let (values, gradient) = try similarity.evaluate(perturbed, iteration: iteration)
      return (-values, -gradient)
    }
  }
}
