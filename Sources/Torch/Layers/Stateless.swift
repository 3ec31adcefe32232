// Layers that hold no tensors.

/// A function of each value.
public enum Activation: String, Layer {
  /// max(0, x).
  case relu
  /// 1 / (1 + e⁻ˣ).
  case sigmoid
  /// The hyperbolic tangent.
  case tanh

  public func callAsFunction(_ x: Tensor, _ pass: inout Pass) -> Tensor {
    switch self {
    case .relu: x.relu()
    case .sigmoid: x.sigmoid()
    case .tanh: x.tanh()
    }
  }

  public func write(_ script: inout ScriptMethod, as name: String) {
    script.apply(rawValue, "", script.present)
  }
}

/// Makes fewer values of each channel, `[batch, channels, height, width]`.
public enum Pooling: Layer {
  /// The largest value of each square window; windows lie side by side unless a stride is given.
  case max(_ size: Int, stride: Int? = nil)
  /// The mean of each square window.
  case average(_ size: Int, stride: Int? = nil)
  /// The mean of the whole channel: `[batch, channels]`.
  case wholeAverage

  public func callAsFunction(_ x: Tensor, _ pass: inout Pass) -> Tensor {
    switch self {
    case .max(let size, let stride): maxPool2d(x, size, stride: stride)
    case .average(let size, let stride): averagePool2d(x, size, stride: stride)
    case .wholeAverage: x.mean(2, 3)
    }
  }

  public func write(_ script: inout ScriptMethod, as name: String) {
    func apply(_ name: String, _ size: Int, _ stride: Int?) {
      let stride = stride ?? size
      script.apply(name, "", script.present, .ints([size, size]), .ints([stride, stride]))
    }
    switch self {
    case .max(let size, let stride): apply("max_pool2d", size, stride)
    case .average(let size, let stride): apply("avg_pool2d", size, stride)
    case .wholeAverage: script.apply("mean", "dim", script.present, .ints([2, 3]))
    }
  }
}

/// In training mode each value is 0 with the probability `rate` and else divided by 1 − `rate` (Srivastava et al. 2014).
public struct Dropout: Layer {
  /// The share of values that training sets to zero, in 0…1.
  public let rate: Double

  /// - Parameter rate: at least 0, below 1.
  public init(_ rate: Double) {
    precondition(0..<1 ~= rate, "a dropout rate of \(rate) leaves nothing")
    self.rate = rate
  }

  public func callAsFunction(_ x: Tensor, _ pass: inout Pass) -> Tensor {
    guard let draws = pass.uniform(x.count) else { return x }
    let (limit, kept) = (Float(rate), Float(1 / (1 - rate)))
    return x * Tensor(draws.map { $0 < limit ? 0 : kept }, x.shape).to(x.device)
  }

  public func write(_ script: inout ScriptMethod, as name: String) {}
}

/// `[batch, …]` → `[batch, values]`.
public struct Flatten: Layer {
  /// The layer, which has no settings.
  public init() {}
  public func callAsFunction(_ x: Tensor, _ pass: inout Pass) -> Tensor { x.flattened() }
  public func write(_ script: inout ScriptMethod, as name: String) {
    script.apply("flatten", "using_ints", script.present, .int(1))
  }
}

/// `[batch, values]` → `[batch] + shape`.
public struct Unflatten: Layer {
  /// A sample's shape afterwards.
  public let shape: [Int]
  /// Gives each sample a shape of the same number of values.
  public init(_ shape: [Int]) { self.shape = shape }
  public func callAsFunction(_ x: Tensor, _ pass: inout Pass) -> Tensor { x.reshaped([-1] + shape) }
  public func write(_ script: inout ScriptMethod, as name: String) {
    script.apply("reshape", "", script.present, .ints([-1] + shape))
  }
}
