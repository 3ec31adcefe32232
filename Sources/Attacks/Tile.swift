import Torch

/// The samples that are solved together by one thread: a fixed number of neighbours by index.
///
/// A sample's row is its index modulo the tile's size, and rows without a sample are zero. LibTorch therefore does the
/// same arithmetic for a sample in every run, whatever the range, the number of threads or the order.
public struct Tile: Sendable {
  /// `[size, …]`.
  public let originals: Tensor
  /// The rows that hold samples of the range.
  public let rows: Range<Int>
  /// The index of row 0.
  public let firstIndex: Int
  /// The run's seed.
  public let seed: UInt64
  /// Counts the UAEs of one sample from 0.
  public let copy: Int
  /// The whole set `[count, …]`, from which starts may draw partners.
  public let set: Tensor
  private let isCancelled: @Sendable () -> Bool

  /// - Parameters:
  ///   - set: all samples `[count, …]`, float32.
  ///   - number: the tile holds the indices from `number * size` on.
  ///   - range: the indices that are attacked.
  ///   - isCancelled: asked by solvers in every iteration.
  public init(
    _ set: Tensor, number: Int, size: Int, range: Range<Int>, seed: UInt64, copy: Int = 0,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.isCancelled = isCancelled
    let first = number * size
    let wanted = range.clamped(to: first..<(first + size))
    self.set = set
    self.seed = seed
    self.copy = copy
    firstIndex = first
    rows = (wanted.lowerBound - first)..<(wanted.upperBound - first)
    let shape = Array(set.shape.dropFirst())
    let before = rows.lowerBound, after = size - rows.upperBound
    let parts =
      (before > 0 ? [Tensor.zeros([before] + shape, device: set.device)] : []) + [set[wanted]]
      + (after > 0 ? [Tensor.zeros([after] + shape, device: set.device)] : [])
    originals = concatenated(parts)
  }

  /// The number of rows, padding included.
  public var size: Int { originals.shape[0] }

  /// - Throws: `CancellationError` once the run is to stop.
  public func checkCancellation() throws { if isCancelled() { throw CancellationError() } }

  /// The run's seed, or for further copies one of their own.
  var keyedSeed: UInt64 { seed &+ UInt64(copy) &* 0x9E37_79B9_7F4A_7C15 }

  /// The stream of a row for a purpose; copies of a sample have streams of their own.
  public func stream(_ row: Int, _ purpose: RandomStream.Purpose) -> RandomStream {
    RandomStream(seed: keyedSeed, purpose: purpose, index: firstIndex + row)
  }
}
