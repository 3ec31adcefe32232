import Torch

/// One record for each attacked sample, in the order of the indices.
public struct AttackResult: Sendable {
  public var index: [Int] = []
  /// Which of several UAEs of its sample each record is.
  public var copy: [Int] = []
  public var status: [SampleStatus] = []
  public var similarity: [Float] = []
  public var criterion: [Float] = []
  public var bestIteration: [Int] = []
  public var zeroGradients: [Int] = []
  public var multiplier: [Float] = []
  /// x′ `[records, …]`; the original where the attack failed.
  public var perturbed: Tensor
  public var timing = TileSolution.Timing()
  /// Each tile's trace, where the solver keeps one.
  public var traces: [TileSolution.Trace] = []

  init(_ tiles: [(Tile, TileSolution)], copy number: Int) {
    var parts: [Tensor] = []
    for (tile, solution) in tiles {
      let rows = tile.rows
      index += rows.map { tile.firstIndex + $0 }
      copy += [Int](repeating: number, count: rows.count)
      status += solution.status[rows]
      similarity += solution.similarity[rows]
      criterion += solution.criterion[rows]
      bestIteration += solution.bestIteration[rows]
      zeroGradients += solution.zeroGradients[rows]
      multiplier += solution.multiplier[rows]
      timing.criterion += solution.timing.criterion
      timing.similarity += solution.timing.similarity
      timing.total += solution.timing.total
      if let trace = solution.trace { traces.append(trace) }
      parts.append(solution.perturbed[rows])
    }
    perturbed = parts.isEmpty ? Tensor.zeros([0]) : concatenated(parts)
  }

  /// The share of records that succeeded.
  public var successRate: Double {
    status.isEmpty ? 0 : Double(status.count { $0 == .succeeded }) / Double(status.count)
  }
}
