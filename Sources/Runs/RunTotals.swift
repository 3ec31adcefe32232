/// Sums over the finished shards of a run.
public struct RunTotals: Sendable, Equatable, Encodable {
  public let shards: Int
  public let shardsPlanned: Int
  public let samples: Int
  public let samplesPlanned: Int
  public let counts: ShardCounts
  /// The mean similarity over all samples that succeeded; nil for none.
  public let meanSimilarity: Double?

  init(_ records: some Collection<ShardRecord>, of plan: ShardPlan) {
    var counts = ShardCounts()
    var sum = 0.0
    var weight = 0
    // Summed in the order of the shards, so that rounding does not depend on who finished first.
    for record in records.sorted(by: { $0.shard < $1.shard }) {
      counts += record.counts
      if let mean = record.meanSimilarity {
        sum += mean * Double(record.counts.succeeded)
        weight += record.counts.succeeded
      }
    }
    shards = records.count
    shardsPlanned = plan.count
    samples = records.reduce(0) { $0 + $1.range.count }
    samplesPlanned = plan.samples.count
    self.counts = counts
    meanSimilarity = weight > 0 ? sum / Double(weight) : nil
  }

  /// Successes over all samples attacked so far, 0…1.
  public var successRate: Double { samples == 0 ? 0 : Double(counts.succeeded) / Double(samples) }

  /// One line of JSON.
  var line: String {
    "{\"shards\":\(shards),\"shardsPlanned\":\(shardsPlanned),\"samples\":\(samples),"
      + "\"samplesPlanned\":\(samplesPlanned),\"succeeded\":\(counts.succeeded),"
      + "\"infeasible\":\(counts.infeasible),\"zeroGradient\":\(counts.zeroGradient),"
      + "\"notFinite\":\(counts.notFinite),\"skipped\":\(counts.skipped),"
      + "\"meanSimilarity\":\(meanSimilarity.map { "\($0)" } ?? "null")}"
  }
}
