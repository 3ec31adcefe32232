import Datasets
import Formats
import Foundation
import Models
import Runs
import Torch

/// What an attack found: one record per attacked sample, in the order of the indices.
public struct Examples: Sendable {
  /// x′ `[records, …]` in [0, 1], float32 or float64; the original where the attack failed.
  public var perturbed: Tensor
  /// The index of each record's original in the set.
  public var index: [Int]
  /// Which of several examples of its original each record is, from 0.
  public var copy: [Int]
  /// How the attack on each sample ended.
  public var status: [SampleStatus]
  /// I(x, x′) of the similarity that was used, in its own unit; NaN where the attack failed.
  public var similarity: [Float]
  /// f(x′); where the attack failed the smallest f seen.
  public var criterion: [Float]
  /// The iteration at which x′ was found, 0 for the start; -1 where the attack failed.
  public var bestIteration: [Int]
  /// At how many iterates the gradient was exactly zero.
  public var zeroGradients: [Int]

  /// How many examples there are.
  public var count: Int { index.count }

  /// Whether f(x′) ≤ 0 and x′ ≠ x, one per record.
  public var succeeded: [Bool] { status.map { $0 == .succeeded } }

  /// The share of the attacked samples that succeeded, without those that needed no attack; NaN for none.
  public var successRate: Double {
    Double(status.count { $0 == .succeeded }) / Double(status.count { $0 != .skipped })
  }

  /// The solutions of tiles, in order.
  init(_ tiles: [(Tile, TileSolution)], copy number: Int) {
    func column<Value>(_ values: KeyPath<TileSolution, [Value]>) -> [Value] {
      tiles.flatMap { $1[keyPath: values][$0.rows] }
    }
    index = tiles.flatMap { tile, _ in tile.rows.map { tile.firstIndex + $0 } }
    copy = [Int](repeating: number, count: index.count)
    status = column(\.status)
    similarity = column(\.similarity)
    criterion = column(\.criterion)
    bestIteration = column(\.bestIteration)
    zeroGradients = column(\.zeroGradients)
    perturbed =
      tiles.isEmpty ? Tensor([Float](), [0]) : concatenated(tiles.map { $1.perturbed[$0.rows] })
  }

  /// Several sets of records, one after the other.
  public init(_ parts: [Examples]) {
    perturbed = concatenated(parts.map(\.perturbed))
    index = parts.flatMap(\.index)
    copy = parts.flatMap(\.copy)
    status = parts.flatMap(\.status)
    similarity = parts.flatMap(\.similarity)
    criterion = parts.flatMap(\.criterion)
    bestIteration = parts.flatMap(\.bestIteration)
    zeroGradients = parts.flatMap(\.zeroGradients)
  }

  /// The file of a shard: the same records give the same bytes.
  public func encoded() -> [UInt8] {
    Safetensors.encode([
      (
        name: "x",
        array: perturbed.dtype == .float64
          ? HostArray(perturbed.doubles, shape: perturbed.shape) : perturbed.hostArray
      ),
      (name: "index", array: HostArray(index)),
      (name: "copy", array: HostArray(copy)),
      (name: "status", array: HostArray(status.map(\.rawValue))),
      (name: "similarity", array: HostArray(similarity)),
      (name: "criterion", array: HostArray(criterion)),
      (name: "bestIteration", array: HostArray(bestIteration)),
      (name: "zeroGradients", array: HostArray(zeroGradients)),
    ])
  }

  /// The examples of a run on the very samples that a data set has to train on.
  ///
  /// - Throws: ``ExamplesError`` where they are of other samples; `RunError`; what ``init(of:)`` throws.
  public init(of folder: String, on dataset: Dataset) throws {
    let directory = try RunDirectory(existing: folder)
    guard directory.identity.data == dataset.trainIdentity else {
      throw ExamplesError(
        "\(folder) has no examples of the \(dataset.train.count) samples to train on, but of others: --dataset and --limit "
          + "have to be the attack's; of a file without parts an attack takes all samples and a training four fifths, so "
          + "give it x_train and x_test")
    }
    try self.init(of: directory)
  }

  /// Reads the shards of a run back, in order.
  /// - Throws: `FormatError` where a file is damaged, ``ExamplesError`` where its columns do not fit together.
  public init(of directory: RunDirectory) throws {
    try self.init(reading: directory.records.map { directory.shardPath($0.shard) })
  }

  /// Reads shards back, in order.
  /// - Throws: `FormatError` where a file is damaged, ``ExamplesError`` where its columns do not fit together.
  public init(reading paths: [String]) throws {
    guard !paths.isEmpty else { throw ExamplesError("the run has no shards") }
    self.init(try paths.map { try Examples(path: $0, file: Safetensors.open($0)) })
  }

  private init(path: String, file: SafetensorsFile) throws {
    let x = try file.array("x")
    guard let n = x.shape.first else { throw ExamplesError("\(path): 'x' holds no records") }
    func integers(_ name: String) throws -> [Int] {
      guard let values = try file.array(name).integers(), values.count == n else {
        throw ExamplesError("\(path): '\(name)' does not have \(n) integers, one per record")
      }
      return values
    }
    func floats(_ name: String) throws -> [Float] {
      let values = try file.array(name).floats()
      guard values.count == n else { throw ExamplesError("\(path): '\(name)' does not have \(n) values") }
      return values
    }
    perturbed = x.elementType == .float64 ? Tensor(x.doubles(), x.shape) : Tensor(x)
    index = try integers("index")
    copy = try integers("copy")
    status = try integers("status").map { code in
      guard let status = UInt8(exactly: code).flatMap(SampleStatus.init) else {
        throw ExamplesError("\(path): unknown status \(code)")
      }
      return status
    }
    similarity = try floats("similarity")
    criterion = try floats("criterion")
    bestIteration = try integers("bestIteration")
    zeroGradients = try integers("zeroGradients")
  }
}

/// Why examples cannot be read or written, in one line.
public struct ExamplesError: Error, Equatable, CustomStringConvertible {
  public let description: String
  /// An error with its text.
  public init(_ description: String) { self.description = description }
}

extension ShardResult {
  /// A shard's bytes with its counts.
  init(_ examples: Examples) {
    var counts = ShardCounts()
    for status in SampleStatus.allCases { counts["\(status)"] = examples.status.count { $0 == status } }
    let found = zip(examples.similarity, examples.succeeded).filter(\.1).map { Double($0.0) }
    self.init(
      bytes: Data(examples.encoded()),
      counts: counts,
      meanSimilarity: found.isEmpty ? nil : found.reduce(0, +) / Double(found.count))
  }
}
