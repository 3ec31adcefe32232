import Torch

/// The normalised temperature-scaled cross-entropy of N pairs (Chen, Kornblith, Norouzi and Hinton 2020): each of the 2N
/// vectors shall find its partner among the other 2N − 1, by cosine. The mean over all 2N.
///
/// No exponential overflows, whatever the temperature. One pair alone has nothing to be confused with: 0.
///
/// - Parameters:
///   - first: `[N, d]`; the rows' lengths do not count.
///   - second: `[N, d]`, whose row i belongs to row i of the first.
///   - temperature: τ > 0.
/// - Returns: a tensor without dimensions.
public func ntXent(_ first: Tensor, _ second: Tensor, temperature: Double) -> Tensor {
  let count = first.shape[0]
  let vectors = concatenated([first, second]).unitRows()
  let likeness =
    matmul(vectors, vectors.transposed()) / Tensor([temperature], []).to(vectors.dtype).to(vectors.device)
  let places = Tensor(Array(0..<2 * count), [2 * count]).to(vectors.device)
  let isSelf = places.unsqueezed(0) .== places.unsqueezed(1)
  let others = `where`(
    isSelf, Tensor.full([], -.infinity, dtype: vectors.dtype, device: vectors.device), likeness)
  let partners = Tensor((0..<2 * count).map { ($0 + count) % (2 * count) }, [2 * count]).to(vectors.device)
  return crossEntropy(others, partners)
}

extension Tensor {
  /// The rows `[n, d]` divided by their lengths; a row of zeros stays one.
  public func unitRows() -> Tensor {
    self / sampleNorms().clamped(atLeast: 1e-12).reshaped([-1, 1])
  }
}
