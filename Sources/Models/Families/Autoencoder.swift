import MutualInformation
import Torch

/// A model that compresses a sample to a code and rebuilds it: Φ(x) = decode(encode(x)).
///
/// Inputs and outputs have the shape `[batch] + architecture.sampleShape` and the range [0, 1].
public protocol Autoencoder: TrainableModel {
  /// `[batch, …]` → the code, `[batch, code]` or `[batch, channels, height, width]`.
  func encode(_ x: Tensor) -> Tensor
  /// The code → `[batch, …]`.
  func decode(_ code: Tensor) -> Tensor
}

extension Autoencoder {
  public var outputs: Set<Output> { [.reconstruction, .embedding] }

  public func callAsFunction(_ x: Tensor) -> Tensor { decode(encode(x)) }

  public func output(_ output: Output, of x: Tensor, original: Tensor) throws -> Tensor {
    switch output {
    case .reconstruction: return self(x)
    case .embedding: return encode(x).flattened()
    default: throw lacks(output)
    }
  }
}
