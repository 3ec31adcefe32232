import Datasets
import Torch

extension Samples {
  /// All samples as `[count] + shape` on a device.
  public func tensor(on device: Device) -> Tensor { Tensor(values, [count] + shape).to(device) }
}

extension Dataset {
  /// The training samples `[count] + shape` on a device: in float64 from the file's own values where the data are a user's, so
  /// that nothing is lost of them.
  /// - Throws: `FormatError`.
  public func originals(_ type: DataType, on device: Device) throws -> Tensor {
    guard type == .float64, let doubles = try trainDoubles() else {
      return train.tensor(on: device).to(type)
    }
    return Tensor(doubles, [train.count] + train.shape).to(device)
  }
}
