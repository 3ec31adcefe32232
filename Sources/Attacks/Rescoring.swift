import Torch

extension Attack {
  /// f(x′), one value a sample, of given x′: in the same tiles, and therefore to the same bits, as the attack has it.
  ///
  /// - Parameters:
  ///   - set: all samples `[count, …]`, on any device.
  ///   - perturbed: x′ of the samples `range`, `[range.count, …]`, on any device.
  ///   - copy: which of several examples of each sample they are, from 0.
  ///   - threads: how many tiles are scored at a time.
  public func criterionValues(
    _ set: Tensor, _ perturbed: Tensor, range: Range<Int>, copy: Int = 0, threads: Int = 1
  ) throws
    -> [Float]
  {
    guard !range.isEmpty else { return [] }
    let size = Self.tileSize
    let before = range.lowerBound % size
    // What comes out of a file is in the host's memory.
    let set = set.to(device), perturbed = perturbed.to(device)
    let padded =
      before == 0
      ? perturbed
      : concatenated([
        Tensor.zeros(
          [before] + perturbed.shape.dropFirst(), dtype: perturbed.dtype, device: perturbed.device),
        perturbed,
      ])
    let numbers = Array(range.lowerBound / size...(range.upperBound - 1) / size)
    return try concurrently(numbers, threads: threads) { number in
      try withoutGrad {
        let tile = Tile(set, number: number, size: size, range: range, seed: seed, copy: copy)
        let local = number - range.lowerBound / size
        let candidates = Tile(padded, number: local, size: size, range: 0..<padded.shape[0], seed: seed)
        return Array(try criterion.bind(tile).values(candidates.originals).floats[tile.rows])
      }
    }.flatMap { $0 }
  }
}

extension Attack {
  /// f of every record, scored from its values as they are now.
  ///
  /// - Parameters:
  ///   - set: all samples `[count, …]`.
  ///   - examples: for each copy one record of every sample.
  ///   - threads: how many tiles are scored at a time.
  /// - Throws: ``ExamplesError`` where records are missing; what the criterion throws.
  public func criterionValues(_ set: Tensor, _ examples: Examples, threads: Int = 1) throws -> [Float] {
    var scores = [Float](repeating: .nan, count: examples.count)
    for copy in Set(examples.copy).sorted() {
      let rows = examples.copy.indices.filter { examples.copy[$0] == copy }
        .sorted { examples.index[$0] < examples.index[$1] }
      guard rows.map({ examples.index[$0] }) == Array(0..<set.shape[0]) else {
        throw ExamplesError(
          "the run is not whole: copy \(copy) has \(rows.count) of \(set.shape[0]) samples")
      }
      let values = try criterionValues(
        set, examples.perturbed.gathered(rows), range: 0..<set.shape[0], copy: copy,
        threads: threads)
      for (row, value) in zip(rows, values) { scores[row] = value }
    }
    return scores
  }
}
