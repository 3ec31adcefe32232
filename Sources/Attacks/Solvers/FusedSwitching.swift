import CTorch
import Torch

/// A similarity simple enough to be computed inside the solver's own pass over a row.
public enum ClosedForm: Sendable {
  /// ``ExactInformation`` of views with so many coordinates.
  case exactInformation(dimensions: Int)
  /// ``Distance``.
  case distance
}

/// The state of ``Switching`` on the host, advanced by the native kernel: the same steps as the tensor path, in a few
/// passes over each row instead of a dozen over the tile.
struct FusedSwitching {
  private let kernel: cs_advance_function
  private let originals: Tensor
  private let best: Tensor
  private var rows: [cs_row]
  private var step = cs_step()
  /// The iterates `[size, …]`, moved in place.
  let perturbed: Tensor

  /// - Returns: `nil` where the tile is not on the host in float32.
  init?(_ tile: Tile, start: Tensor, form: ClosedForm, resolution: Double, epsilon: Double, patience: Int) {
    guard tile.originals.device == .cpu, tile.originals.dtype == .float32,
      let symbol = NativeLibrary.symbol(CS_ADVANCE_SYMBOL)
    else { return nil }
    kernel = unsafeBitCast(symbol, to: cs_advance_function.self)
    originals = tile.originals.contiguous()
    best = originals.cloned()
    perturbed = start.cloned()
    var row = cs_row()
    row.best_similarity = .infinity
    row.lowest = .infinity
    row.best_iteration = -1
    rows = [cs_row](repeating: row, count: tile.size)
    step.rows = Int64(tile.size)
    step.length = Int64(originals.count / tile.size)
    step.resolution = Float(resolution)
    step.epsilon = Float(epsilon)
    step.patience = Int32(clamping: patience)
    switch form {
    case .exactInformation(let dimensions):
      step.similarity = CS_EXACT
      step.dimensions = Float(dimensions)
    case .distance: step.similarity = CS_DISTANCE
    }
  }

  /// Considers the iterates and moves them by a step of the given length; without a gradient it only considers them.
  /// - Returns: whether any row of the range still moves.
  mutating func advance(
    _ wanted: Range<Int>, f: Tensor, gradient: Tensor?, length: Double, iteration: Int
  ) -> Bool {
    step.iteration = Int32(iteration)
    step.step = Float(length)
    step.last = gradient == nil ? 1 : 0
    let step = self.step, kernel = self.kernel
    let values = f.contiguous(), slopes = (gradient ?? f).contiguous()
    let moving = rows.withUnsafeMutableBufferPointer { rows in
      originals.withFloats { x in
        perturbed.withFloats { y in
          best.withFloats { best in
            values.withFloats { f in
              slopes.withFloats { g in
                withUnsafePointer(to: step) {
                  kernel(
                    $0, x.baseAddress, y.baseAddress, best.baseAddress, f.baseAddress, g.baseAddress,
                    rows.baseAddress,
                    Int64(wanted.lowerBound), Int64(wanted.upperBound))
                }
              }
            }
          }
        }
      }
    }
    return moving > 0
  }

  func solution(_ timing: TileSolution.Timing) -> TileSolution {
    let status = rows.map { row -> SampleStatus in
      if row.best_iteration >= 0 { return .succeeded }
      if row.broken != 0 { return .notFinite }
      return row.gradients > 0 && row.zero_gradients == row.gradients ? .zeroGradient : .infeasible
    }
    let found = rows.map { $0.best_iteration >= 0 }
    return TileSolution(
      perturbed: best, status: status,
      similarity: rows.map { $0.best_iteration >= 0 ? $0.best_similarity : .nan },
      criterion: zip(rows, found).map { $1 ? $0.best_criterion : $0.lowest },
      bestIteration: rows.map { Int($0.best_iteration) }, zeroGradients: rows.map { Int($0.zero_gradients) },
      multiplier: [Float](repeating: 0, count: rows.count), timing: timing, trace: nil)
  }
}
