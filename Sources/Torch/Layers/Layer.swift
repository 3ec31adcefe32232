/// A step of a network, described once: what it holds, what it computes, and how TorchScript writes that.
public protocol Layer: Module {
  /// The outputs of a batch.
  func callAsFunction(_ x: Tensor, _ pass: inout Pass) -> Tensor
  /// Adds the statements that compute the same in evaluation mode.
  ///
  /// - Parameter name: the dotted name that the layer's tensors stand under; a script has `_` for `.`.
  func write(_ script: inout ScriptMethod, as name: String)
}

extension Layer {
  /// The outputs in evaluation mode, as attacks and measures want them.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    var pass = Pass.evaluation
    return self(x, &pass)
  }
}

/// One way of a batch through a network: in evaluation mode, or in training mode with the random numbers of a step.
public struct Pass: Sendable {
  private let random: RandomStream?
  private var position: UInt64 = 0

  private init(random: RandomStream?) { self.random = random }

  /// Nothing is drawn, and batch norm uses its running statistics.
  public static let evaluation = Pass(random: nil)

  /// Dropout draws from the stream, layer after layer, and batch norm learns its running statistics: with a stream per
  /// step, a training that is resumed draws what it would have drawn.
  public static func training(_ random: RandomStream) -> Pass { Pass(random: random) }

  public var isTraining: Bool { random != nil }

  /// The next `count` uniform numbers in [0, 1); nil in evaluation mode.
  public mutating func uniform(_ count: Int) -> [Float]? {
    guard let random else { return nil }
    defer { position += UInt64((count + 3) / 4) }
    return random.uniform(count, position: position)
  }
}

/// A method in TorchScript that layers write, statement by statement; `h` is what the layers so far made of the input.
public struct ScriptMethod: Sendable {
  private var lines: [String] = []
  private var kept = 0

  /// A method of one argument that applies layers one after the other.
  public static func source(_ name: String, _ layers: [any Layer]) -> String {
    var method = ScriptMethod()
    for layer in layers { layer.write(&method, as: "") }
    return (["def \(name)(self, h):"] + method.lines + ["return h"]).joined(separator: "\n  ")
  }

  private init() {}

  /// `h = expression`
  public mutating func apply(_ expression: String) { lines.append("h = \(expression)") }

  /// Keeps the present value under a name of its own, which it returns.
  public mutating func keep() -> String {
    kept += 1
    lines.append("h\(kept) = h")
    return "h\(kept)"
  }

  /// How a script calls the tensor of a layer.
  public func field(_ layer: String, _ tensor: String) -> String {
    "self." + dotted(layer, tensor).replacing(".", with: "_")
  }
}
