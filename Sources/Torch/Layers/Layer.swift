/// A step of a network, described once: what it holds, what it computes, and how a script has that.
public protocol Layer: Module {
  /// The outputs of a batch.
  func callAsFunction(_ x: Tensor, _ pass: inout Pass) -> Tensor
  /// Adds the calls that compute the same in evaluation mode; the layer's tensors stand under the dotted name.
  func write(_ script: inout ScriptMethod, as name: String)
  /// The batch norms in it, in the order in which a pass comes by them.
  var norms: [BatchNorm] { get }
}

extension Layer {
  public var norms: [BatchNorm] { [] }

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
  /// What stands for the batch norms still ahead.
  private var norms: ArraySlice<BatchNorm>

  /// The processes that have a share of the batch each.
  let group: (any ProcessGroup)?

  private init(random: RandomStream?, norms: [BatchNorm] = [], group: (any ProcessGroup)? = nil) {
    self.random = random
    self.norms = norms[...]
    self.group = group
  }

  /// Nothing is drawn, and batch norm uses its running statistics.
  public static let evaluation = Pass(random: nil)

  /// Dropout draws from the stream, layer after layer, and batch norm learns its running statistics: with a stream per
  /// step, a training that is resumed draws what it would have drawn.
  ///
  /// - Parameters:
  ///   - norms: where there are any, they stand for the batch norms of the layers, one after the other: a second set, with weights and
  ///     statistics of its own, for samples of another kind (Xie et al. 2020).
  ///   - group: processes that have a share of the batch each; batch norm then takes its statistics over all of them.
  public static func training(
    _ random: RandomStream, norms: [BatchNorm] = [], group: (any ProcessGroup)? = nil
  ) -> Pass {
    Pass(random: random, norms: norms, group: group)
  }

  /// What stands for the batch norm that the pass comes by; nil for that itself.
  mutating func nextNorm() -> BatchNorm? { norms.popFirst() }

  /// Whether dropout and batch norm behave as in training.
  public var isTraining: Bool { random != nil }

  /// The next `count` uniform numbers in [0, 1); nil in evaluation mode.
  public mutating func uniform(_ count: Int) -> [Float]? {
    guard let random else { return nil }
    defer { position += UInt64((count + 3) / 4) }
    return random.uniform(count, position: position)
  }
}

/// A method that layers write, call by call, for TorchScript and for programs of torch.export.
public struct ScriptMethod: Sendable {
  /// What an operator is given.
  public enum Argument: Sendable {
    /// What a call gave, by its number from 1; 0 is the method's input.
    case value(Int)
    /// A parameter or buffer, by its dotted name.
    case tensor(String)
    /// A whole number.
    case int(Int)
    /// A list of whole numbers.
    case ints([Int])
    /// A number in floating point.
    case double(Double)
    /// A truth value.
    case bool(Bool)
    /// A type of elements.
    case type(DataType)
    /// What an optional argument has where there is nothing.
    case absent
  }

  /// A call of one of ATen's operators; arguments in the order of its schema.
  public struct Call: Sendable {
    /// The operator's name, without `aten::`.
    public let name: String
    /// Which of the operators of that name; empty for the usual one.
    public let overload: String
    /// What it is given, in the order of its schema.
    public let arguments: [Argument]
  }

  /// The calls so far; the result of each is a value that later ones take.
  public private(set) var calls: [Call] = []
  /// What the layers so far made of the input.
  public private(set) var present = Argument.value(0)

  /// A method of one argument that applies layers one after the other.
  public init(_ layers: [any Layer]) {
    for layer in layers { layer.write(&self, as: "") }
  }

  /// Makes what an operator gives the present value.
  public mutating func apply(_ name: String, _ overload: String = "", _ arguments: Argument...) {
    calls.append(Call(name: name, overload: overload, arguments: arguments))
    present = .value(calls.count)
  }

  /// Goes back to another value.
  public mutating func restart(from value: Argument) { present = value }

  /// The tensor of a layer.
  public func field(_ layer: String, _ tensor: String) -> Argument { .tensor(dotted(layer, tensor)) }

  /// The method in TorchScript; tensors are named with `_` for `.`.
  public static func source(_ name: String, _ layers: [any Layer]) -> String {
    let method = ScriptMethod(layers)
    let lines = method.calls.enumerated().map { index, call in
      let given = call.arguments.map(\.script)
      // The one operator here that is a method only.
      let text =
        call.name == "to"
        ? "\(given[0]).to(\(given.dropFirst().joined(separator: ", ")))"
        : "torch.\(call.name)(\(given.joined(separator: ", ")))"
      return "h\(index + 1) = \(text)"
    }
    return (["def \(name)(self, h0):"] + lines + ["return \(method.present.script)"]).joined(
      separator: "\n  ")
  }
}

extension ScriptMethod.Argument {
  fileprivate var script: String {
    switch self {
    case .value(let number): "h\(number)"
    case .tensor(let name): "self." + name.replacing(".", with: "_")
    case .int(let number): "\(number)"
    case .ints(let list): "\(list)"
    case .double(let number): "\(number)"
    case .bool(let truth): truth ? "True" : "False"
    // Types are numbers to a script that is made of source alone.
    case .type(let type): "\(type.rawValue)"
    case .absent: "None"
    }
  }
}
