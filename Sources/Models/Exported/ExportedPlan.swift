import Formats
import Torch

/// A graph of a program of torch.export, made ready: operators found, arguments in the order of their schemas, values in
/// numbered slots that are emptied after their last use.
struct ExportedPlan: Sendable {
  /// What is handed to an operator.
  enum Operand: Sendable {
    case constant(Value)
    case slot(Int)
    case tensors([Int?])
    case numbers([Operand])
  }

  /// Where a result goes; nil where nobody wants it.
  enum Target: Sendable {
    case slot(Int?)
    case list([Int?])
  }

  enum Call: Sendable {
    case operation(ExportedOperator)
    case number(String)
    /// The first operand says which.
    indirect case either(ExportedPlan, ExportedPlan)
    /// A part that runs with or without recording.
    indirect case part(ExportedPlan, records: Bool?)
  }

  struct Step: Sendable {
    let call: Call
    let operands: [Operand]
    let targets: [Target]
    var released: [Int] = []
    /// The node's target and the module that it is in, for messages.
    let place: String
  }

  var slots = 0
  var inputs: [Int] = []
  var steps: [Step] = []
  var outputs: [Operand] = []
  /// The places of inputs that a step writes to.
  var writtenInputs: Set<Int> = []
}

extension ExportedPlan {
  /// - Parameter arguments: one for each input.
  /// - Throws: ``TorchError`` with the node that failed.
  func run(_ arguments: [Value]) throws -> [Value] {
    var values = [Value](repeating: .none, count: slots)
    for (slot, argument) in zip(inputs, arguments) { values[slot] = argument }
    for step in steps {
      let results = try step.run(values)
      for (target, result) in zip(step.targets, results) {
        switch (target, result) {
        case (.slot(let slot), let value): if let slot { values[slot] = value }
        case (.list(let places), .tensors(let list)) where list.count == places.count:
          for (place, tensor) in zip(places, list) { if let place { values[place] = .tensor(tensor) } }
        default:
          throw TorchError.native("\(step.place): gives something else than the file says")
        }
      }
      for slot in step.released { values[slot] = .none }
    }
    return outputs.map { $0.value(values) }
  }
}

extension ExportedPlan.Operand {
  /// What it is now.
  func value(_ values: [Value]) -> Value {
    switch self {
    case .constant(let value): value
    case .slot(let slot): values[slot]
    case .tensors(let slots):
      .optionalTensors(
        slots.map { slot in
          guard let slot, case .tensor(let tensor) = values[slot] else { return nil }
          return tensor
        })
    case .numbers(let operands): Self.list(operands.map { $0.value(values) })
    }
  }

  private static func list(_ values: [Value]) -> Value {
    var ints: [Int] = []
    var doubles: [Double] = []
    for value in values {
      switch value {
      case .int(let number):
        ints.append(number)
        doubles.append(Double(number))
      case .double(let number): doubles.append(number)
      // A length may be a tensor's only element.
      case .tensor(let tensor) where tensor.count == 1 && !tensor.dtype.isFloatingPoint:
        ints.append(tensor.ints[0])
      default: return .none
      }
    }
    return ints.count == values.count ? .ints(ints) : .doubles(doubles)
  }
}

extension ExportedPlan.Step {
  fileprivate func run(_ values: [Value]) throws -> [Value] {
    let given = operands.map { $0.value(values) }
    do {
      switch call {
      case .operation(let called): return try called.operation.call(given)
      case .number(let name): return [try ExportedNumbers.result(name, given)]
      case .either(let first, let second):
        let isTrue =
          switch given.first {
          case .bool(let truth): truth
          case .tensor(let tensor) where tensor.count == 1: tensor.bools[0]
          default: throw TorchError.native("the condition is no truth value")
          }
        return try (isTrue ? first : second).run(Array(given.dropFirst()))
      case .part(let plan, let records?):
        return try records ? withGrad { try plan.run(given) } : withoutGrad { try plan.run(given) }
      case .part(let plan, nil): return try plan.run(given)
      }
    } catch TorchError.native(let text) where !text.hasSuffix(")") || !text.contains(" (node ") {
      throw TorchError.native("\(text) (node \(place))")
    }
  }
}
