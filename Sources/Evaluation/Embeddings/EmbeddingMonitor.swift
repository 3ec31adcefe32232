import Formats
import Models
import Torch

/// Says now and then during a training how well embeddings tell classes apart, among the training samples alone: the last of them
/// are asked for, the others vote. Nothing of it reaches the training.
public struct EmbeddingMonitor: Sendable {
  private let bank: TrainingData
  private let asked: TrainingData
  private let every: Int

  /// How many vote and are asked for, at most.
  public static let largest = (bank: 5000, asked: 1000)

  /// - Parameters:
  ///   - data: with labels; nil where they have none, or all of one class.
  ///   - epochs: of the training, in about ten of which something is said.
  public init?(_ data: TrainingData, epochs: Int) {
    guard let labels = data.labels, data.count > 1 else { return nil }
    let last = min(Self.largest.asked, data.count / 5 + 1)
    let first = min(Self.largest.bank, data.count - last)
    guard Set(labels[..<first]).count > 1 else { return nil }
    bank = TrainingData(data.samples[0..<first], labels: Array(labels[..<first]))
    asked = TrainingData(
      data.samples[data.count - last..<data.count], labels: Array(labels[(data.count - last)...]))
    every = max(1, epochs / 10)
  }

  /// What to say after an epoch, if anything.
  public func callAsFunction(_ epoch: Int, _ model: any TrainableModel) throws -> String? {
    guard model.outputs.contains(.projection), (epoch + 1) % every == 0, let known = bank.labels,
      let truth = asked.labels
    else { return nil }
    let classes = max(known.max() ?? 0, truth.max() ?? 0) + 1
    let seen = try embeddings(model, bank.samples), unseen = try embeddings(model, asked.samples)
    let vote = try NeighbourVote(seen, labels: known, classes: classes).predict(unseen, neighbours: 10)
    // A rough fit: to the last digit it would take as long as the training it speaks of.
    let probe = try LogisticProbe(seen, labels: known, classes: classes, tolerance: 1e-3).predict(unseen)
    func share(_ predicted: [Int]) -> String {
      mean(zip(predicted, truth).map { $0 == $1 ? 1.0 : 0 }).text(.percent(1))
    }
    return "kNN \(share(vote)), linear \(share(probe)) of held-out training samples"
  }
}
