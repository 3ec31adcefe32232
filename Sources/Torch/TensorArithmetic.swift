// Element-wise mathematics. Shapes broadcast as in NumPy.

extension Tensor {
  private func unary(_ op: Operator) -> Tensor { op.tensor([.tensor(self)]) }
  private func binary(_ op: Operator, _ other: Tensor) -> Tensor {
    op.tensor([.tensor(self), .tensor(other)])
  }
  private func scalar(_ op: Operator, _ value: Double) -> Tensor {
    op.tensor([.tensor(self), .double(value)])
  }

  /// a + b by element, broadcast.
  public static func + (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.add, b) }
  /// a − b by element, broadcast.
  public static func - (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.sub, b) }
  /// a · b by element, broadcast.
  public static func * (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.mul, b) }
  /// a / b by element, broadcast.
  public static func / (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.div, b) }
  /// Each element and b together.
  public static func + (a: Tensor, b: Double) -> Tensor { a.scalar(Op.addScalar, b) }
  /// Each element less b.
  public static func - (a: Tensor, b: Double) -> Tensor { a.scalar(Op.addScalar, -b) }
  /// Each element times b.
  public static func * (a: Tensor, b: Double) -> Tensor { a.scalar(Op.mulScalar, b) }
  /// Each element divided by b.
  public static func / (a: Tensor, b: Double) -> Tensor { a.scalar(Op.divScalar, b) }
  /// a and each element together.
  public static func + (a: Double, b: Tensor) -> Tensor { b.scalar(Op.addScalar, a) }
  /// a less each element.
  public static func - (a: Double, b: Tensor) -> Tensor { b.scalar(Op.rsubScalar, a) }
  /// a times each element.
  public static func * (a: Double, b: Tensor) -> Tensor { b.scalar(Op.mulScalar, a) }
  /// a divided by each element.
  public static func / (a: Double, b: Tensor) -> Tensor { b.unary(Op.reciprocal) * a }
  /// Each element with the other sign.
  public static prefix func - (a: Tensor) -> Tensor { a.unary(Op.neg) }

  /// e to the power of each element.
  public func exp() -> Tensor { unary(Op.exp) }
  /// The natural logarithm of each element.
  public func log() -> Tensor { unary(Op.log) }
  /// log(1 + x), accurate near 0.
  public func log1p() -> Tensor { unary(Op.log1p) }
  /// The square root of each element; its derivative at 0 is infinite.
  public func sqrt() -> Tensor { unary(Op.sqrt) }
  /// The square of each element.
  public func square() -> Tensor { unary(Op.square) }
  /// The absolute value of each element.
  public func abs() -> Tensor { unary(Op.abs) }
  /// The largest whole number that is no larger, by element.
  public func floor() -> Tensor { unary(Op.floor) }
  /// −1, 0 or 1, by element.
  public func sign() -> Tensor { unary(Op.sign) }
  /// The hyperbolic tangent of each element.
  public func tanh() -> Tensor { unary(Op.tanh) }
  /// 1 / (1 + e⁻ˣ), by element.
  public func sigmoid() -> Tensor { unary(Op.sigmoid) }
  /// max(0, x), by element.
  public func relu() -> Tensor { unary(Op.relu) }
  /// ln(1 + eˣ) without overflow.
  public func softplus() -> Tensor { relu() + (-abs()).exp().log1p() }
  /// Each element to a power.
  public func pow(_ exponent: Double) -> Tensor { scalar(Op.powScalar, exponent) }

  /// Every element brought into the range.
  public func clamped(_ range: ClosedRange<Double>) -> Tensor {
    Op.clamp.tensor([.tensor(self), .double(range.lowerBound), .double(range.upperBound)])
  }
  /// Every element raised to at least `lowest`.
  public func clamped(atLeast lowest: Double) -> Tensor { Op.clamp.tensor([.tensor(self), .double(lowest)]) }
  /// The larger one, by element, broadcast.
  public func maximum(_ other: Tensor) -> Tensor { binary(Op.maximum, other) }
  /// The smaller one, by element, broadcast.
  public func minimum(_ other: Tensor) -> Tensor { binary(Op.minimum, other) }

  /// Where elements are equal, truth values, broadcast.
  public static func .== (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.eq, b) }
  /// Where elements of a are larger, truth values, broadcast.
  public static func .> (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.gt, b) }
  /// Where elements of a are smaller, truth values, broadcast.
  public static func .< (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.lt, b) }
  /// Where elements of a are no larger, truth values, broadcast.
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.le, b) }
  /// Where elements of a are no smaller, truth values, broadcast.
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.ge, b) }
  /// Where elements are b, truth values.
  public static func .== (a: Tensor, b: Double) -> Tensor { a.scalar(Op.eqScalar, b) }
  /// Where elements are larger than b, truth values.
  public static func .> (a: Tensor, b: Double) -> Tensor { a.scalar(Op.gtScalar, b) }
  /// Where elements are smaller than b, truth values.
  public static func .< (a: Tensor, b: Double) -> Tensor { a.scalar(Op.ltScalar, b) }
  /// Where elements are no larger than b, truth values.
  public static func .<= (a: Tensor, b: Double) -> Tensor { a.scalar(Op.leScalar, b) }
  /// Where elements are no smaller than b, truth values.
  public static func .>= (a: Tensor, b: Double) -> Tensor { a.scalar(Op.geScalar, b) }
  /// Element-wise "and" of two Boolean tensors.
  public static func .& (a: Tensor, b: Tensor) -> Tensor { a.binary(Op.logicalAnd, b) }
  /// Where either is true, broadcast.
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
