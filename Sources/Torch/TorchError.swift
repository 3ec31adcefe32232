/// What can go wrong at the border to LibTorch.
public enum TorchError: Error, Equatable, CustomStringConvertible {
  /// The native library is missing or of another version.
  case library(String)
  /// LibTorch refused a call; the text names the operator and the arguments' shapes.
  case native(String)
  /// A call returned something else than was asked for.
  case unexpectedResult(String)
  /// A device was asked for that is not here.
  case device(String)

  public var description: String {
    switch self {
    case .library(let text): return "LibTorch is not available: \(text)"
    case .native(let text), .unexpectedResult(let text), .device(let text): return text
    }
  }
}
