import Torch

/// Arithmetic with numbers that a program computes, such as lengths: Python's, on whole numbers, floats and truth values.
enum ExportedNumbers {
  /// - Parameter target: `_operator.floordiv`, `math.trunc`, `torch.sym_max`.
  /// - Returns: the operation's name, nil where the target is none.
  static func operation(_ target: String) -> String? {
    let parts = target.split(separator: ".")
    guard parts.count >= 2, ["_operator", "math", "torch"].contains(parts[0]), let last = parts.last else {
      return nil
    }
    let name = last.hasPrefix("_sym_") ? String(last.dropFirst()) : String(last)
    return known.contains(name) ? name : nil
  }

  private static let binary: Set<String> = [
    "eq", "ne", "le", "ge", "lt", "gt", "add", "sub", "mul", "floordiv", "mod", "truediv", "pow", "and_",
    "or_", "lshift",
    "rshift", "sym_max", "sym_min",
  ]
  private static let unary: Set<String> = [
    "neg", "pos", "trunc", "sym_not", "sym_int", "sym_float", "sym_sqrt", "ceil", "floor",
  ]
  private static let known = binary.union(unary).union(["sym_ite"])

  /// - Throws: ``TorchError/native(_:)`` where the numbers have no such result.
  static func result(_ name: String, _ values: [Value]) throws -> Value {
    let wanted = binary.contains(name) ? 2 : unary.contains(name) ? 1 : 3
    guard values.count == wanted else { throw failure(name, values) }
    if name == "sym_ite" {
      guard case .bool(let condition) = values[0] else { throw failure(name, values) }
      return condition ? values[1] : values[2]
    }
    if let whole = integers(values),
      let result = wanted == 1 ? one(name, whole[0]) : two(name, whole[0], whole[1])
    {
      return result
    }
    guard let real = doubles(values),
      let result = wanted == 1 ? one(name, real[0]) : two(name, real[0], real[1])
    else { throw failure(name, values) }
    return result
  }

  private static func failure(_ name: String, _ values: [Value]) -> TorchError {
    .native("\(name) of \(values.map { "\($0)" }.joined(separator: ", ")) has no value")
  }

  private static func integers(_ values: [Value]) -> [Int]? {
    let all = values.compactMap { value -> Int? in
      switch value {
      case .int(let number): number
      case .bool(let truth): truth ? 1 : 0
      default: nil
      }
    }
    return all.count == values.count ? all : nil
  }

  private static func doubles(_ values: [Value]) -> [Double]? {
    let all = values.compactMap { value -> Double? in
      switch value {
      case .int(let number): Double(number)
      case .bool(let truth): truth ? 1 : 0
      case .double(let number): number
      default: nil
      }
    }
    return all.count == values.count ? all : nil
  }

  private static func one(_ name: String, _ a: Int) -> Value? {
    switch name {
    case "neg": a == .min ? nil : .int(-a)
    case "pos", "trunc", "sym_int", "ceil", "floor": .int(a)
    case "sym_not": .bool(a == 0)
    default: nil
    }
  }

  private static func one(_ name: String, _ a: Double) -> Value? {
    func whole(_ x: Double) -> Value? { Int(exactly: x).map(Value.int) }
    return switch name {
    case "neg": .double(-a)
    case "pos", "sym_float": .double(a)
    case "sym_sqrt": .double(a.squareRoot())
    case "trunc", "sym_int": whole(a.rounded(.towardZero))
    case "ceil": whole(a.rounded(.up))
    case "floor": whole(a.rounded(.down))
    default: nil
    }
  }

  /// Nil where the result is no whole number, or too large for one.
  private static func two(_ name: String, _ a: Int, _ b: Int) -> Value? {
    func checked(_ result: (partialValue: Int, overflow: Bool)) -> Value? {
      result.overflow ? nil : .int(result.partialValue)
    }
    switch name {
    case "eq": return .bool(a == b)
    case "ne": return .bool(a != b)
    case "le": return .bool(a <= b)
    case "ge": return .bool(a >= b)
    case "lt": return .bool(a < b)
    case "gt": return .bool(a > b)
    case "add": return checked(a.addingReportingOverflow(b))
    case "sub": return checked(a.subtractingReportingOverflow(b))
    case "mul": return checked(a.multipliedReportingOverflow(by: b))
    case "and_": return .int(a & b)
    case "or_": return .int(a | b)
    case "sym_max": return .int(max(a, b))
    case "sym_min": return .int(min(a, b))
    case "lshift": return (0..<62).contains(b) ? checked(a.multipliedReportingOverflow(by: 1 << b)) : nil
    case "rshift": return b >= 0 ? .int(a >> b) : nil
    case "floordiv", "mod":
      guard b != 0, !(a == .min && b == -1) else { return nil }
      // Python rounds down, Swift towards zero.
      let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
      let isBelow = remainder != 0 && (remainder < 0) != (b < 0)
      return .int(name == "mod" ? (isBelow ? remainder + b : remainder) : (isBelow ? quotient - 1 : quotient))
    case "pow":
      guard (0...64).contains(b) else { return nil }
      var product: Value? = .int(1)
      for _ in 0..<b {
        guard case .int(let so)? = product else { return nil }
        product = checked(so.multipliedReportingOverflow(by: a))
      }
      return product
    default: return nil
    }
  }

  private static func two(_ name: String, _ a: Double, _ b: Double) -> Value? {
    switch name {
    case "eq": .bool(a == b)
    case "ne": .bool(a != b)
    case "le": .bool(a <= b)
    case "ge": .bool(a >= b)
    case "lt": .bool(a < b)
    case "gt": .bool(a > b)
    case "add": .double(a + b)
    case "sub": .double(a - b)
    case "mul": .double(a * b)
    case "truediv": b == 0 ? nil : .double(a / b)
    case "floordiv": b == 0 ? nil : .double((a / b).rounded(.down))
    case "mod": b == 0 ? nil : .double(a - b * (a / b).rounded(.down))
    case "sym_max": .double(max(a, b))
    case "sym_min": .double(min(a, b))
    default: nil
    }
  }
}
