/// Layers one after the other, under a name.
///
/// The layers that hold tensors are numbered from 0 (`encoder.0.weight`, `encoder.1.weight`); where there is only one, its
/// tensors stand right under the name (`encoder.weight`).
public struct Sequential: Layer {
  /// What its parameters' names begin with.
  public let name: String
  /// The layers in the order in which they are applied.
  public let layers: [any Layer]
  /// The names that the layers' tensors stand under.
  private let names: [String]

  /// Layers that are applied one after the other.
  public init(_ name: String, _ layers: [any Layer]) {
    self.name = name
    self.layers = layers
    let holds = layers.map { !$0.tensors.isEmpty }
    let isAlone = holds.count { $0 } < 2
    names = holds.indices.map { isAlone ? name : dotted(name, "\(holds[..<$0].count { $0 })") }
  }

  public var parameters: [NamedTensor] {
    zip(names, layers).flatMap { name, layer in layer.parameters.map { $0.under(name) } }
  }

  public var buffers: [NamedTensor] {
    zip(names, layers).flatMap { name, layer in layer.buffers.map { $0.under(name) } }
  }

  public var norms: [BatchNorm] { layers.flatMap(\.norms) }

  public func callAsFunction(_ x: Tensor, _ pass: inout Pass) -> Tensor {
    layers.reduce(x) { $1($0, &pass) }
  }

  public func write(_ script: inout ScriptMethod, as outer: String) {
    for (name, layer) in zip(names, layers) { layer.write(&script, as: dotted(outer, name)) }
  }

  /// The same with one more layer that holds no tensors.
  public func followed(by layer: some Layer) -> Sequential { Sequential(name, layers + [layer]) }
}

/// y = body(x) + shortcut(x); a shortcut without layers is x itself (He et al. 2016).
public struct Residual: Layer {
  let body: Sequential
  let shortcut: Sequential

  /// A body beside a shortcut, whose results are added; without layers the shortcut is the input itself.
  public init(_ body: [any Layer], shortcut: [any Layer] = []) {
    self.body = Sequential("body", body)
    self.shortcut = Sequential("shortcut", shortcut)
  }

  public var parameters: [NamedTensor] { body.parameters + shortcut.parameters }
  public var buffers: [NamedTensor] { body.buffers + shortcut.buffers }

  public var norms: [BatchNorm] { body.norms + shortcut.norms }

  public func callAsFunction(_ x: Tensor, _ pass: inout Pass) -> Tensor {
    body(x, &pass) + shortcut(x, &pass)
  }

  public func write(_ script: inout ScriptMethod, as name: String) {
    let input = script.present
    body.write(&script, as: name)
    let sum = script.present
    script.restart(from: input)
    shortcut.write(&script, as: name)
    script.apply("add", "Tensor", sum, script.present)
  }
}
