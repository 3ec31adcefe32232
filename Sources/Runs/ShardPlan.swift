/// How a range of samples is split into shards: the unit that is written, listed, claimed and resumed.
///
/// Boundaries lie at multiples of `shardSize` counted from sample 0, never at the start of the range, so which
/// samples share a shard depends on the plan alone: not on ranks, threads, or where a run was interrupted.
public struct ShardPlan: Sendable, Equatable {
  /// The samples to make, by index in the data set.
  public let samples: Range<Int>
  /// Samples per shard; the first and the last may hold fewer. Where work goes in tiles, a multiple of their size.
  public let shardSize: Int

  /// - Throws: `RunError.plan` for an empty or negative range, or a size that is not positive.
  public init(samples: Range<Int>, shardSize: Int) throws(RunError) {
    guard samples.lowerBound >= 0, !samples.isEmpty, samples.upperBound < 1 << 48 else {
      throw .plan("samples \(samples.lowerBound)..<\(samples.upperBound): a run needs at least one sample")
    }
    guard shardSize > 0 else { throw .plan("shard size \(shardSize): it must be at least 1") }
    self.samples = samples
    self.shardSize = shardSize
  }

  /// The number of shards.
  public var count: Int {
    (samples.upperBound + shardSize - 1) / shardSize - samples.lowerBound / shardSize
  }

  /// The samples of shard `shard`, 0 ≤ shard < count.
  public func range(of shard: Int) -> Range<Int> {
    let start = (samples.lowerBound / shardSize + shard) * shardSize
    return max(start, samples.lowerBound)..<min(start + shardSize, samples.upperBound)
  }

  /// The shards that a rank makes: every `rank.count`-th, so that a run cut short has progressed evenly.
  public func shards(of rank: Rank) -> StrideTo<Int> { stride(from: rank.index, to: count, by: rank.count) }
}
