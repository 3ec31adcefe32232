import Datasets
import Formats
import Models
import Runs
import Torch

/// A run's examples in one file or folder, in the range, type and layout of the user's own data, as far as the format has
/// them (``ExampleFormat``).
///
/// | key | |
/// |---|---|
/// | `x` | the examples, `[records, …]`; the original where the attack failed |
/// | `index` | which sample of the data each record comes from |
/// | `copy` | which of several examples of that sample, from 0 |
/// | `success` | whether f(x′) ≤ 0 and x′ ≠ x, for the values in this file |
/// | `status` | 0 succeeded, 1 infeasible, 2 zero gradient, 3 not finite, 4 skipped |
/// | `similarity`, `criterion` | I(x, x′) and f(x′) |
/// | `y` | the label of the original, where the data has labels: the number that the data has, or the place in `class_names` |
/// | `class_names` | what the classes are called, where these are no numbers; in safetensors part of the metadata |
/// | `files` | the file of each original, where each sample has one; in safetensors part of the metadata |
public struct ExampleFile {
  /// The records as they stand in the file.
  public let records: Examples
  /// How the records ended, as they stand in the file.
  public var counts: ShardCounts { ShardResult(records).counts }
  /// The mean similarity of the successes in the file; nil for none.
  public var meanSimilarity: Double? { ShardResult(records).meanSimilarity }
  /// How many successes were lost because the file's type holds only some values.
  public let lost: Int
  /// Of the examples as the file has them from their originals.
  public let distances: ExampleDistances
  /// All columns, the samples first.
  let arrays: [(name: String, array: HostArray)]
  let words: [(name: String, words: [String])]
  /// The examples as they are written, `[records, …]`.
  let samples: HostArray
  private let format: ExampleFormat

  /// Brings the records into the data's own form and scores them again as they will be read.
  ///
  /// - Parameters:
  ///   - set: all samples of a run, each with all its copies.
  ///   - dataset: the data that the run worked on; values of it that the attack did not change stay as its file has them.
  ///   - negatesSimilarity: whether the run maximised the similarity.
  ///   - threads: how many tiles are scored at a time.
  /// - Throws: ``ExamplesError`` for samples that the format cannot hold; what the criterion throws.
  public init(
    _ set: Examples, of dataset: Dataset, attack: Attack, negatesSimilarity: Bool, format: ExampleFormat,
    threads: Int = 1
  ) throws {
    let samples = dataset.train
    let encoding = try format.encoding(dataset.encoding)
    self.format = format
    let originals = try dataset.originals(set.perturbed.dtype, on: .cpu)
    var set = set
    if let grid = attack.grid { set.perturbed = grid.rounded(set.perturbed, originals.gathered(set.index)) }
    let records = encoding == dataset.encoding ? dataset.records?.rows(set.index) : nil
    let shape = set.perturbed.shape
    let encoded: HostArray
    let decoded: Tensor
    if originals.dtype == .float64 {
      let values = set.perturbed.doubles
      encoded =
        records.map { encoding.encode(values, keeping: originals.gathered(set.index).doubles, of: $0) }
        ?? encoding.encode(values)
      decoded = Tensor(try encoding.decodeDoubles(encoded, file: "the examples"), shape)
    } else {
      let values = set.perturbed.floats
      encoded =
        records.map { encoding.encode(values, keeping: originals.gathered(set.index).floats, of: $0) }
        ?? encoding.encode(values)
      decoded = Tensor(try encoding.decode(encoded, file: "the examples"), shape)
    }
    set.perturbed = decoded
    var lost = 0
    let values = try attack.criterionValues(originals, set, threads: threads)
    distances = ExampleDistances(originals.gathered(set.index), decoded)
    let moved = (decoded - originals.gathered(set.index)).flattened().abs().max(1).floats
    for row in set.status.indices where set.status[row] == .succeeded {
      set.criterion[row] = values[row]
      if !(values[row] <= 0 && moved[row] > 0) {
        set.status[row] = .infeasible
        lost += 1
      }
    }
    if negatesSimilarity { set.similarity = set.similarity.map { -$0 } }
    self.records = set
    self.samples = encoded
    self.lost = lost
    let labels = samples.labels.map { all in dataset.recorded(set.index.map { all[$0] }) }
    let names = dataset.wordsOfClasses
    words =
      (names.isEmpty ? [] : [(name: "class_names", words: names)])
      + (dataset.recordNames.isEmpty
        ? [] : [(name: "files", words: set.index.map { dataset.recordNames[$0] })])
    arrays =
      [
        (name: "x", array: encoded), (name: "index", array: HostArray(set.index)),
        (name: "copy", array: HostArray(set.copy)),
        (
          name: "success",
          array: HostArray(bytes: set.succeeded.map { $0 ? 1 : 0 }, shape: [set.count], elementType: .bool)
        ),
        (name: "status", array: HostArray(set.status.map(\.rawValue))),
        (name: "similarity", array: HostArray(set.similarity)),
        (name: "criterion", array: HostArray(set.criterion)),
      ] + distances.arrays + (labels.map { [(name: "y", array: $0)] } ?? [])
  }

  /// Writes the file or folder whole or not at all, reads it back and compares.
  /// - Throws: `SystemError`; ``ExamplesError`` where what is read is not what was scored.
  public func write(to path: String) throws {
    guard try format.write(self, path) == samples else {
      throw ExamplesError("\(path): what was read back is not what was written; is the disk sound?")
    }
  }
}

extension SampleEncoding {
  /// The values that files of this encoding can hold, where they are integers of one range.
  public var grid: IntegerGrid? {
    guard !elementType.isFloatingPoint, case .range(let range) = scale else { return nil }
    return IntegerGrid(range: Double(range.lowerBound)...Double(range.upperBound))
  }
}
