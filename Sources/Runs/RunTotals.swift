/// Sums over the finished shards of a run.
public struct RunTotals: Sendable, Equatable {
  /// Shards that are done.
  public private(set) var shards = 0
  /// Shards of the whole run.
  public let shardsPlanned: Int
  /// Samples that are done.
  public private(set) var samples = 0
  /// Samples of the whole run.
  public let samplesPlanned: Int
  /// How the done samples ended.
  public private(set) var counts = ShardCounts()
  private var similaritySum = 0.0
  private var weight = 0

  init(_ records: some Collection<ShardRecord>, of plan: ShardPlan) {
    shardsPlanned = plan.count
    samplesPlanned = plan.samples.count
    // Summed in the order of the shards, so that rounding does not depend on who finished first.
    for record in records.sorted(by: { $0.shard < $1.shard }) { add(record) }
  }

  mutating func add(_ record: ShardRecord) {
    shards += 1
    samples += record.range.count
    counts += record.counts
    if let mean = record.meanSimilarity {
      similaritySum += mean * Double(record.counts.succeeded)
      weight += record.counts.succeeded
    }
  }

  /// The mean similarity over all samples that succeeded; nil for none.
  public var meanSimilarity: Double? { weight > 0 ? similaritySum / Double(weight) : nil }

  /// Successes over all samples attacked so far, 0…1; those that needed no attack are none of them.
  public var successRate: Double {
    let attacked = samples - counts.skipped
    return attacked == 0 ? 0 : Double(counts.succeeded) / Double(attacked)
  }

  /// One line of JSON.
  var line: String {
    "{\"shards\":\(shards),\"shardsPlanned\":\(shardsPlanned),\"samples\":\(samples),"
      + "\"samplesPlanned\":\(samplesPlanned),\(counts.fields)"
      + "\"meanSimilarity\":\(meanSimilarity.map { "\($0)" } ?? "null")}"
  }
}

extension RunTotals: Encodable {
  private enum CodingKeys: CodingKey {
    case shards, shardsPlanned, samples, samplesPlanned, counts, meanSimilarity
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(shards, forKey: .shards)
    try container.encode(shardsPlanned, forKey: .shardsPlanned)
    try container.encode(samples, forKey: .samples)
    try container.encode(samplesPlanned, forKey: .samplesPlanned)
    try container.encode(counts, forKey: .counts)
    try container.encodeIfPresent(meanSimilarity, forKey: .meanSimilarity)
  }
}
