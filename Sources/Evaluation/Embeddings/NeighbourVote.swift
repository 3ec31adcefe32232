import Foundation
import Torch

/// The class of a sample by a vote of its nearest neighbours (Wu, Xiong, Yu and Lin 2018): by cosine, each vote with the weight
/// exp(cosine / temperature).
public struct NeighbourVote: Sendable {
  private let bank: Tensor
  private let labels: [Int]
  private let classes: Int

  private static let topk = Result { try Operator("aten::topk") }
  private static let blockSize = 512

  /// - Parameters:
  ///   - embeddings: `[n, d]`.
  ///   - labels: a class of 0..<classes for each.
  /// - Throws: ``MeasureError`` where there is nothing to vote, or nothing to vote on.
  public init(_ embeddings: Tensor, labels: [Int], classes: Int) throws {
    try checkClasses(labels, classes, count: embeddings.shape[0])
    bank = embeddings.unitRows()
    self.labels = labels
    self.classes = classes
  }

  /// The class of each of the embeddings `[m, d]`.
  ///
  /// - Parameters:
  ///   - neighbours: how many vote; all, where there are fewer.
  ///   - temperature: the smaller, the more the nearest count.
  public func predict(_ embeddings: Tensor, neighbours: Int, temperature: Double = 0.1) throws -> [Int] {
    let count = embeddings.shape[0], k = min(neighbours, labels.count)
    let queries = embeddings.unitRows(), all = bank.transposed()
    var predicted: [Int] = []
    for start in stride(from: 0, to: count, by: Self.blockSize) {
      let cosines = matmul(queries[start..<min(count, start + Self.blockSize)], all)
      let found = try Self.topk.get().call([.tensor(cosines), .int(k)])
      guard found.count == 2, case .tensor(let values) = found[0], case .tensor(let places) = found[1] else {
        throw TorchError.unexpectedResult("aten::topk gives values and places")
      }
      let weights = (values / temperature).exp().doubles, chosen = places.ints
      for row in 0..<cosines.shape[0] {
        var votes = [Double](repeating: 0, count: classes)
        for i in row * k..<(row + 1) * k { votes[labels[chosen[i]]] += weights[i] }
        predicted.append(votes.indices.max { votes[$0] < votes[$1] } ?? 0)
      }
    }
    return predicted
  }
}

/// Refuses labels that no judge of classes can learn from.
/// - Throws: ``MeasureError``.
func checkClasses(_ labels: [Int], _ classes: Int, count: Int) throws {
  guard labels.count == count else {
    throw MeasureError("there are \(labels.count) labels for \(count) embeddings")
  }
  if let other = labels.first(where: { !(0..<classes ~= $0) }) {
    throw MeasureError("a sample is of class \(other), and there are \(classes), from 0")
  }
  guard Set(labels).count > 1 else {
    throw MeasureError(
      "all samples are of one class: there is nothing for a judge of embeddings to tell apart")
  }
}
