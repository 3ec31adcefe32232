import Attacks
import Formats
import Foundation
import Models
import Runs
import Torch

/// The records of one shard or of a whole run: x′ and what is known of it.
public struct UAESet: Sendable {
  /// x′ `[records, …]`; the original where the attack failed.
  public var perturbed: Tensor
  public var index: [Int]
  public var copy: [Int]
  public var status: [SampleStatus]
  public var similarity: [Float]
  public var criterion: [Float]
  public var bestIteration: [Int]
  public var zeroGradients: [Int]

  public init(_ results: [AttackResult]) {
    perturbed = concatenated(results.map(\.perturbed))
    index = results.flatMap(\.index)
    copy = results.flatMap(\.copy)
    status = results.flatMap(\.status)
    similarity = results.flatMap(\.similarity)
    criterion = results.flatMap(\.criterion)
    bestIteration = results.flatMap(\.bestIteration)
    zeroGradients = results.flatMap(\.zeroGradients)
  }

  public var count: Int { index.count }

  public var succeeded: [Bool] { status.map { $0 == .succeeded } }

  public var successRate: Double {
    count == 0 ? 0 : Double(status.count { $0 == .succeeded }) / Double(count)
  }

  /// The file of a shard: the same records give the same bytes.
  public func encoded() -> [UInt8] {
    Safetensors.encode([
      (name: "x", array: perturbed.hostArray),
      (name: "index", array: HostArray(index)),
      (name: "copy", array: HostArray(copy)),
      (name: "status", array: HostArray(status.map(\.rawValue))),
      (name: "similarity", array: HostArray(similarity)),
      (name: "criterion", array: HostArray(criterion)),
      (name: "bestIteration", array: HostArray(bestIteration)),
      (name: "zeroGradients", array: HostArray(zeroGradients)),
    ])
  }

  /// Reads shards back, in order.
  /// - Throws: `FormatError` where a file is damaged, ``RecipeError`` where its columns do not fit together.
  public init(reading paths: [String]) throws {
    var parts: [Tensor] = []
    index = []
    copy = []
    status = []
    similarity = []
    criterion = []
    bestIteration = []
    zeroGradients = []
    for path in paths {
      let file = try Safetensors.open(path)
      let x = try file.array("x")
      guard let n = x.shape.first else { throw RecipeError("\(path): 'x' holds no records") }
      func integers(_ name: String) throws -> [Int] {
        guard let values = try file.array(name).integers(), values.count == n else {
          throw RecipeError("\(path): '\(name)' does not have \(n) integers, one a record")
        }
        return values
      }
      func floats(_ name: String) throws -> [Float] {
        let values = try file.array(name).floats()
        guard values.count == n else { throw RecipeError("\(path): '\(name)' does not have \(n) values") }
        return values
      }
      index += try integers("index")
      copy += try integers("copy")
      status += try integers("status").map { code in
        guard let status = UInt8(exactly: code).flatMap(SampleStatus.init) else {
          throw RecipeError("\(path): \(code) is no status")
        }
        return status
      }
      similarity += try floats("similarity")
      criterion += try floats("criterion")
      bestIteration += try integers("bestIteration")
      zeroGradients += try integers("zeroGradients")
      parts.append(Tensor(x))
    }
    guard !parts.isEmpty else { throw RecipeError("the run has no shards") }
    perturbed = concatenated(parts)
  }
}

extension ShardResult {
  /// A shard's bytes with its counts.
  init(_ set: UAESet) {
    func count(_ status: SampleStatus) -> Int { set.status.count { $0 == status } }
    let found = zip(set.similarity, set.succeeded).filter(\.1).map { Double($0.0) }
    self.init(
      bytes: Data(set.encoded()),
      counts: ShardCounts(
        succeeded: count(.succeeded), infeasible: count(.infeasible), zeroGradient: count(.zeroGradient),
        notFinite: count(.notFinite), skipped: count(.skipped)),
      meanSimilarity: found.isEmpty ? nil : found.reduce(0, +) / Double(found.count))
  }
}
