import Runs

/// A whole search on one data set with one model.
package struct SearchesCell: StudyCell {
  package var row: SearchesPlan.Row
  package var seeds: Int
  package var batchSize: Int

  package struct Outcome: Codable, Sendable {
    package var trainCount: Int
    package var verdict: SearchVerdict
    /// The sentences that a user reads.
    package var sentences: [String]
  }

  package var label: String {
    "\(row.dataset)\(row.samples.map { "-\($0)" } ?? "")/\(row.model)/\(row.updates)-updates"
  }

  package var sets: [DataPart] { [DataPart(row.dataset, pool: row.samples)] }

  package func run(_ context: CellContext) throws -> Outcome {
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
