import Torch

extension StructuralSimilarity {
  /// Of two images of this measure's shape, row by row, in double precision.
  public func callAsFunction(_ first: ArraySlice<Float>, _ second: ArraySlice<Float>) -> Double {
    func image(_ values: ArraySlice<Float>) -> Tensor { Tensor(values.map(Double.init), [1] + shape) }
    return withoutGrad { self(image(first), image(second)) }.item
  }
}
