import Torch

extension Attack {
  /// f(x′), one value a sample, of given x′: in the same tiles, and therefore to the same bits, as ``run`` has it.
  ///
  /// - Parameters:
  ///   - set: all samples `[count, …]`.
  ///   - perturbed: x′ of the samples `range`, `[range.count, …]`.
  public func criterionValues(_ set: Tensor, _ perturbed: Tensor, range: Range<Int>) throws -> [Float] {
    guard !range.isEmpty else { return [] }
    let size = Self.tileSize
    let threads = LibTorch.threads
    LibTorch.setThreads(1)
    defer { LibTorch.setThreads(threads) }
    let before = range.lowerBound % size
    let padded =
      before == 0
      ? perturbed : concatenated([Tensor.zeros([before] + perturbed.shape.dropFirst()), perturbed])
    return try withoutGrad {
      try (range.lowerBound / size...(range.upperBound - 1) / size).flatMap { number -> ArraySlice<Float> in
        let tile = Tile(set, number: number, size: size, range: range, seed: seed)
        let local = number - range.lowerBound / size
        let candidates = Tile(padded, number: local, size: size, range: 0..<padded.shape[0], seed: seed)
        return try criterion.bind(tile.originals).values(candidates.originals).floats[tile.rows]
      }
    }
  }
}
