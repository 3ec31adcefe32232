// Element-wise mathematics. Shapes broadcast as in NumPy.

extension Tensor {
  private func unary(_ op: Operator) -> Tensor { op.tensor([.tensor(self)]) }
  private func binary(_ op: Operator, _ other: Tensor) -> Tensor {
    op.tensor([.tensor(self), .tensor(other)])
  }
  private func scalar(_ op: Operator, _ value: Double) -> Tensor {
    op.tensor([.tensor(self), .double(value)])
  }

  public static func + (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.add, b) }
  public static func - (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.sub, b) }
  public static func * (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.mul, b) }
  public static func / (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.div, b) }
  public static func + (a: Tensor, b: Double) -> Tensor { a.scalar(Op.addScalar, b) }
  public static func - (a: Tensor, b: Double) -> Tensor { a.scalar(Op.addScalar, -b) }
  public static func * (a: Tensor, b: Double) -> Tensor { a.scalar(Op.mulScalar, b) }
  public static func / (a: Tensor, b: Double) -> Tensor { a.scalar(Op.divScalar, b) }
  public static func + (a: Double, b: Tensor) -> Tensor { b.scalar(Op.addScalar, a) }
  public static func - (a: Double, b: Tensor) -> Tensor { b.scalar(Op.rsubScalar, a) }
  public static func * (a: Double, b: Tensor) -> Tensor { b.scalar(Op.mulScalar, a) }
  public static func / (a: Double, b: Tensor) -> Tensor { b.unary(Op.reciprocal) * a }
  public static prefix func - (a: Tensor) -> Tensor { a.unary(Op.neg) }

  public func exp() -> Tensor { unary(Op.exp) }
  public func log() -> Tensor { unary(Op.log) }
  /// log(1 + x), accurate near 0.
  public func log1p() -> Tensor { unary(Op.log1p) }
  public func sqrt() -> Tensor { unary(Op.sqrt) }
  public func square() -> Tensor { unary(Op.square) }
  public func abs() -> Tensor { unary(Op.abs) }
  public func floor() -> Tensor { unary(Op.floor) }
  public func sign() -> Tensor { unary(Op.sign) }
  public func tanh() -> Tensor { unary(Op.tanh) }
  public func sigmoid() -> Tensor { unary(Op.sigmoid) }
  public func relu() -> Tensor { unary(Op.relu) }
  /// ln(1 + eˣ) without overflow.
  public func softplus() -> Tensor { relu() + (-abs()).exp().log1p() }
  public func pow(_ exponent: Double) -> Tensor { scalar(Op.powScalar, exponent) }

  /// Every element brought into the range.
  public func clamped(_ range: ClosedRange<Double>) -> Tensor {
    Op.clamp.tensor([.tensor(self), .double(range.lowerBound), .double(range.upperBound)])
  }
  /// Every element raised to at least `lowest`.
  public func clamped(atLeast lowest: Double) -> Tensor { Op.clamp.tensor([.tensor(self), .double(lowest)]) }
  public func maximum(_ other: Tensor) -> Tensor { binary(Op.maximum, other) }
  public func minimum(_ other: Tensor) -> Tensor { binary(Op.minimum, other) }

  public static func .== (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.eq, b) }
  public static func .> (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.gt, b) }
  public static func .< (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.lt, b) }
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.le, b) }
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.ge, b) }
  public static func .== (a: Tensor, b: Double) -> Tensor { a.scalar(Op.eqScalar, b) }
  public static func .> (a: Tensor, b: Double) -> Tensor { a.scalar(Op.gtScalar, b) }
  public static func .< (a: Tensor, b: Double) -> Tensor { a.scalar(Op.ltScalar, b) }
  public static func .<= (a: Tensor, b: Double) -> Tensor { a.scalar(Op.leScalar, b) }
  public static func .>= (a: Tensor, b: Double) -> Tensor { a.scalar(Op.geScalar, b) }
  /// Element-wise "and" of two Boolean tensors.
  public static func .& (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.logicalAnd, b) }
  public static func .| (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.logicalOr, b) }
  /// Element-wise "not" of a Boolean tensor.
  public static prefix func .! (a: Tensor) -> Tensor { a.unary(Op.logicalNot) }
  /// Where the elements are neither NaN nor infinite.
  public var isFinite: Tensor { unary(Op.isfinite) }

  /// Adds `scale · other` to the elements in place, for every copy of this value.
  public func addInPlace(_ other: Tensor, scale: Double = 1) {
    _ = Op.addInPlace.tensor([.tensor(self), .tensor(other)], named: ["alpha": .double(scale)])
  }
  /// Overwrites the elements, for every copy of this value.
  public func assign(_ other: Tensor) { _ = Op.copyInPlace.tensor([.tensor(self), .tensor(other)]) }
}

infix operator .& : LogicalConjunctionPrecedence
infix operator .| : LogicalDisjunctionPrecedence
prefix operator .!

/// Element-wise `condition ? a : b`.
public func `where`(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
  Op.whereSelf.tensor([.tensor(condition), .tensor(a), .tensor(b)])
}
