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
  /// 1 where a value may change and 0 where it stays, `[1 or size, …]`; nil where all may.
  public let mask: Tensor?
  private let isCancelled: @Sendable () -> Bool

  /// - Parameters:
  ///   - set: all samples `[count, …]`, float32 or float64.
  ///   - number: the tile holds the indices from `number * size` on.
  ///   - range: the indices that are attacked.
  ///   - mask: 1 where a value may change, `[1, …]` for all samples alike or `[count, …]`.
  ///   - isCancelled: asked by solvers in every iteration.
  public init(
    _ set: Tensor, number: Int, size: Int, range: Range<Int>, seed: UInt64, copy: Int = 0,
    mask: Tensor? = nil,
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
    let rows = self.rows
    func padded(_ all: Tensor) -> Tensor {
      let shape = Array(all.shape.dropFirst())
      let before = rows.lowerBound, after = size - rows.upperBound
      let parts =
        (before > 0 ? [Tensor.zeros([before] + shape, dtype: all.dtype, device: all.device)] : [])
        + [all[wanted]]
        + (after > 0 ? [Tensor.zeros([after] + shape, dtype: all.dtype, device: all.device)] : [])
      return concatenated(parts)
    }
    originals = padded(set)
    self.mask = mask.map { $0.shape[0] == 1 ? $0 : padded($0) }
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
