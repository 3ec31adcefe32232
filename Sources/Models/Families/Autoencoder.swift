import Torch

/// A model that compresses a sample to a code and rebuilds it: Φ(x) = decode(encode(x)).
///
/// Inputs and outputs have the shape `[batch] + architecture.sampleShape` and the range [0, 1].
public protocol Autoencoder: TrainableModel {
  /// `[batch, …]` → the code, `[batch, code]` or `[batch, channels, height, width]`.
  var encoder: Sequential { get }
  /// The code → `[batch, …]`.
  var decoder: Sequential { get }
}

extension Autoencoder {
  public var parts: [Sequential] { [encoder, decoder] }

  /// `[batch, …]` → the code, `[batch, code]` or `[batch, channels, height, width]`.
  public func encode(_ x: Tensor) -> Tensor { encoder(x) }
  /// The code → `[batch, …]`.
  public func decode(_ code: Tensor) -> Tensor { decoder(code) }

  /// Both the reconstruction and the code.
  public var outputs: Set<Output> { [.reconstruction, .embedding] }

  /// The reconstruction of each sample, of its shape.
  public func callAsFunction(_ x: Tensor) -> Tensor { decode(encode(x)) }

  public func output(_ output: Output, of x: Tensor, original: Tensor) throws -> Tensor {
    switch output {
    case .reconstruction: return self(x)
    case .embedding: return encode(x).flattened()
    default: throw lacks(output)
    }
  }

  public var methods: [(name: String, layers: [Sequential])] {
    [("encode", [encoder]), ("decode", [decoder]), ("forward", [encoder, decoder])]
  }
}
