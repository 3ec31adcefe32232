import Runs

/// A whole search on one data set with one model.
public struct SearchesCell: StudyCell {
  public var row: SearchesPlan.Row
  public var seeds: Int
  public var batchSize: Int

  public struct Outcome: Codable, Sendable {
    public var trainCount: Int
    public var verdict: SearchVerdict
    /// The sentences that a user reads.
    public var sentences: [String]
  }

  public var label: String {
    "\(row.dataset)\(row.samples.map { "-\($0)" } ?? "")/\(row.model)/\(row.updates)-updates"
  }

  public var sets: [DataPart] { [DataPart(row.dataset, pool: row.samples)] }

  public func run(_ context: CellContext) throws -> Outcome {
    let dataset = try context.data.load(row.dataset, limit: row.samples).dataset
    let request = SearchRun.Request(
      model: row.model, batchSize: batchSize, seeds: seeds, updates: row.updates)
    let search = try SearchRun(
      request, dataset, folder: context.scratch, workers: context.threads,
      progress: RunProgress(style: .quiet, isCancelled: context.stopsEarly))
    let verdict = try SearchVerdict(search.run())
    return Outcome(trainCount: dataset.train.count, verdict: verdict, sentences: verdict.sentences)
  }
}
