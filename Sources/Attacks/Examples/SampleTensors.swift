import Datasets
import Torch

extension Samples {
  /// All samples as `[count] + shape` on a device.
  public func tensor(on device: Device) -> Tensor { Tensor(values, [count] + shape).to(device) }
}
