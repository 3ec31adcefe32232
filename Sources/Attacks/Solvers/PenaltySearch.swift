import Torch

/// The weight c of a criterion for each row, by the binary search of Carlini and Wagner (2017): c times 10 until a search
/// succeeds, then between the largest that failed and the smallest that succeeded.
struct PenaltySearch {
  /// c of each row `[size]`.
  private(set) var constant: Tensor
  private var lower: Tensor
  private var upper: Tensor

  init(_ x: Tensor, first: Double) {
    func all(_ value: Double) -> Tensor { Tensor.full([x.shape[0]], value, device: x.device) }
    constant = all(first)
    lower = all(0)
    upper = all(.infinity)
  }

  /// - Parameter met: the rows that met the criterion with their c.
  mutating func narrow(_ met: Tensor) {
    upper = `where`(met, upper.minimum(constant), upper)
    lower = `where`(met, lower, lower.maximum(constant))
    constant = `where`(upper.isFinite, (lower + upper) / 2, constant * 10)
  }
}
