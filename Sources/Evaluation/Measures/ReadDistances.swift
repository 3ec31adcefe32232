import Torch

/// How far examples are from their originals inside and outside of the values that a model reads: of the others its criterion
/// knows nothing, so that an attack may do with them what it likes.
public struct ReadDistances: Codable, Equatable, Sendable {
  /// The mean of ‖x′ − x‖₂ over chosen examples, of the values that are read; 0 over none.
  public var inside: Double
  /// The same of the values that are not read.
  public var outside: Double

  /// - Parameters:
  ///   - originals: x, `[count, …]`.
  ///   - perturbed: x′, of the same shape, on the same device.
  ///   - read: 1 where a value is read and 0 where it is not, `[1, …]`.
  ///   - chosen: the places of the examples that count.
  public init(_ originals: Tensor, _ perturbed: Tensor, read: Tensor, over chosen: [Int]) {
    guard !chosen.isEmpty else {
      (inside, outside) = (0, 0)
      return
    }
    let delta = withoutGrad { (perturbed - originals).gathered(chosen) }
    inside = mean(withoutGrad { (delta * read).sampleNorms() }.doubles)
    outside = mean(withoutGrad { (delta * (1 - read)).sampleNorms() }.doubles)
  }
}
