/// A rule that moves parameters along their gradients. Its state is explicit, so that training can be stopped and resumed.
public protocol Optimizer: Sendable {
  /// The size of a step, which may be changed between steps.
  var learningRate: Double { get set }
  /// One step; `gradients[i]` belongs to `parameters[i]`, both given in the same order every time.
  mutating func step(_ parameters: [Tensor], _ gradients: [Tensor])
  /// Everything besides the parameters that the next step depends on.
  var state: [NamedTensor] { get set }
}

/// Lists of operators of LibTorch that treat all parameters in one call.
enum Foreach {
  private static func find(_ name: String, _ overload: String) -> Operator {
    orTrap { try Operator("aten::_foreach_" + name, overload) }
  }
  private static let mulScalar = find("mul_", "Scalar"), addScalar = find("add_", "Scalar")
  private static let addList = find("add_", "List"), sqrtList = find("sqrt", ""),
    mulList = find("mul_", "List")
  private static let addcmulScalar = find("addcmul_", "Scalar"), addcdivScalar = find("addcdiv_", "Scalar")
  private static let divList = find("div_", "List")

  static func multiply(_ a: [Tensor], _ factor: Double) {
    orTrap { _ = try mulScalar.call([.tensors(a), .double(factor)]) }
  }
  static func multiply(_ a: [Tensor], _ b: [Tensor]) {
    orTrap { _ = try mulList.call([.tensors(a), .tensors(b)]) }
  }
  static func divide(_ a: [Tensor], _ b: [Tensor]) {
    orTrap { _ = try divList.call([.tensors(a), .tensors(b)]) }
  }
  static func add(_ a: [Tensor], _ value: Double) {
    orTrap { _ = try addScalar.call([.tensors(a), .double(value)]) }
  }
  /// a += scale · b
  static func add(_ a: [Tensor], _ b: [Tensor], scale: Double) {
    orTrap { _ = try addList.call([.tensors(a), .tensors(b)], named: ["alpha": .double(scale)]) }
  }
  /// a += scale · b · c
  static func addProduct(_ a: [Tensor], _ b: [Tensor], _ c: [Tensor], scale: Double) {
    orTrap { _ = try addcmulScalar.call([.tensors(a), .tensors(b), .tensors(c), .double(scale)]) }
  }
  /// a += scale · b / c
  static func addQuotient(_ a: [Tensor], _ b: [Tensor], _ c: [Tensor], scale: Double) {
    orTrap { _ = try addcdivScalar.call([.tensors(a), .tensors(b), .tensors(c), .double(scale)]) }
  }
  static func squareRoots(_ a: [Tensor]) -> [Tensor] {
    guard case .tensors(let roots)? = orTrap({ try sqrtList.call([.tensors(a)]) }).first else { return [] }
    return roots
  }
}

/// A copy of the tensors' shapes filled with zeros: an optimizer's state before its first step.
func zerosLike(_ parameters: [Tensor]) -> [Tensor] {
  parameters.map { Tensor.zeros($0.shape, dtype: $0.dtype, device: $0.device) }
}

/// Names a list of state tensors `prefix.0`, `prefix.1`, …
func named(_ prefix: String, _ tensors: [Tensor]) -> [NamedTensor] {
  tensors.enumerated().map { NamedTensor("\(prefix).\($0.offset)", $0.element) }
}

/// The tensors that ``named(_:_:)`` put under the prefix, in order.
func unnamed(_ prefix: String, _ state: [NamedTensor]) -> [Tensor] {
  state.filter { $0.name.hasPrefix(prefix + ".") }.map(\.tensor)
}
