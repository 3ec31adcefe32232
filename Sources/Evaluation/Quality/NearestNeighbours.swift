import Datasets
import Torch

/// For each query, which sample of a reference set is nearest in L2, and how far.
public struct NearestNeighbours: Sendable, Equatable {
  /// The place of the nearest reference of each sample.
  public let indices: [Int]
  /// The distance to it.
  public let distances: [Double]

  /// Finds them in blocks of queries by one matrix product each: ‖q − r‖² = ‖q‖² + ‖r‖² − 2 q·r.
  ///
  /// The product ranks in single precision; the distance to the sample found is then computed anew in double, so
  /// that a duplicate is at exactly 0.
  /// - Parameter excluding: for each query the reference sample that does not count, such as its own original.
  /// - Throws: ``QualityError`` where shapes or counts do not fit, or no reference sample is left.
  public init(of queries: Samples, in reference: Samples, excluding: [Int]? = nil) throws {
    guard queries.shape == reference.shape else {
      throw QualityError.shapeMismatch(queries.shape, reference.shape)
    }
    if let excluding, excluding.count != queries.count {
      throw QualityError.unequalCounts(excluding.count, queries.count)
    }
    // One more than needed, so that the excluded one may be among them.
    let candidates = excluding == nil ? 1 : 2
    guard reference.count >= candidates else { throw QualityError.noReference }

    let dimension = reference.elementCount
    let all = Tensor(reference.values, [reference.count, dimension])
    let halfNorms = all.square().sum(1) * 0.5
    let largest = try Operator("aten::topk")
    var indices: [Int] = []
    for start in stride(from: 0, to: queries.count, by: Self.blockSize) {
      let end = min(start + Self.blockSize, queries.count)
      let block = Tensor(queries.values[start * dimension..<end * dimension], [end - start, dimension])
      let scores = matmul(block, all.transposed()) - halfNorms
      guard case .tensor(let top) = try largest.call([.tensor(scores), .int(candidates)])[1] else {
        throw TorchError.unexpectedResult("aten::topk returned no indices")
      }
      let found = top.ints
      for row in start..<end {
        let own = found[(row - start) * candidates..<(row - start + 1) * candidates]
        indices.append(own.first { $0 != excluding?[row] } ?? own[own.startIndex])
      }
    }
    self.indices = indices
    distances = indices.enumerated().map { query, index in
      perturbationSize(of: queries.values(of: query), from: reference.values(of: index)).l2
    }
  }

  private static let blockSize = 256
}

extension Samples {
  /// One sample's values.
  func values(of index: Int) -> ArraySlice<Float> {
    values[index * elementCount..<(index + 1) * elementCount]
  }
}

/// Why a measure of likeness could not be taken.
public enum QualityError: Error, Equatable, CustomStringConvertible {
  /// Samples of different shapes were compared.
  case shapeMismatch([Int], [Int])
  /// As many of the one were needed as of the other.
  case unequalCounts(Int, Int)
  /// There is nothing to compare with.
  case noReference
  /// A place lies beyond the samples.
  case noSuchSample(Int, count: Int)

  public var description: String {
    switch self {
    case .shapeMismatch(let first, let second): "samples of shape \(first) cannot be compared with \(second)"
    case .unequalCounts(let first, let second): "\(first) samples cannot be paired with \(second)"
    case .noSuchSample(let index, let count): "there is no sample \(index) among \(count)"
    case .noReference: "no sample to compare with: the reference set is empty or holds only the sample itself"
    }
  }
}
