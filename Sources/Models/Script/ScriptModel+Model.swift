import Formats
import MutualInformation
import Torch

extension ScriptModel: Model {
  public var name: String { path }
  public var sampleShape: [Int] { input.sampleShape }
  /// A script does not say what its method gives: it is what it was loaded for.
  public var outputs: Set<Output> { [use] }
  public var precision: DataType { input.dtype == .float64 ? .float64 : .float32 }

  public func output(_ output: Output, of x: Tensor, original: Tensor) throws -> Tensor {
    switch output {
    case .reconstruction: try reconstruction(x)
    case .logits: try logits(x)
    case .embedding: try vectors(x)
    case .projection: throw lacks(.projection)
    case .loss: try loss(x, original)
    }
  }

  public func views(_ name: String?, samples: Tensor) throws -> (any SampleViews)? {
    try name.map { try SubmoduleViews(submodule($0, samples: samples), samples: samples) }
  }

  /// That of its file.
  public func digest() throws -> String { try SHA256.digest(ofFile: path) }
}
