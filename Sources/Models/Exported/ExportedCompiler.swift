import Formats
import Torch

/// Makes plans of graphs, and refuses what cannot be run as it ran in PyTorch.
struct ExportedCompiler {
  let device: Device
  /// Whether operators that behave otherwise in training are put into evaluation mode.
  private(set) var mended: Set<String> = []
  /// Those found so far, by their targets: a program calls few operators many times.
  private var operators: [String: ExportedOperator] = [:]

  init(device: Device) { self.device = device }

  /// - Parameter last: the place of the last node to run, and the value of it that is the only output; nil for all.
  /// - Throws: ``TorchError/native(_:)`` that says what cannot be run.
  mutating func plan(_ graph: ExportedGraph, endingWith last: (node: Int, output: String)? = nil) throws
    -> ExportedPlan
  {
    var plan = ExportedPlan()
    var slots: [String: Int] = [:]
    // For each slot the inputs that its elements may belong to.
    var origins: [Int: Set<Int>] = [:]
    func define(_ name: String) -> Int {
      let slot = plan.slots
      slots[name] = slot
      plan.slots += 1
      return slot
    }
    func find(_ name: String) throws -> Int {
      guard let slot = slots[name] else {
        throw TorchError.native("the value \(FormatError.quoted(name)) is used before it is set")
      }
      return slot
    }
    for (place, input) in graph.inputs.enumerated() {
      let slot = define(input.name ?? "input \(place)")
      plan.inputs.append(slot)
      origins[slot] = [place]
    }
    let nodes = last.map { graph.nodes[...$0.node] } ?? graph.nodes[...]
    let idle = Self.idleCounters(nodes, graph)
    for (index, node) in nodes.enumerated() where !idle.contains(index) {
      let module = node.modules.last.map { " in '\($0)'" } ?? ""
      let place = node.target.replacingOccurrences(of: "torch.ops.", with: "") + module
      var (call, arguments) = try self.call(node)
      if case .operation(let called) = call { mend(called, &arguments) }
      let operands = try arguments.map { try operand($0, find) }
      for (position, operand) in operands.enumerated() {
        for slot in operand.slots where call.writes(position) {
          plan.writtenInputs.formUnion(origins[slot] ?? [])
        }
      }
      let shared = operands.enumerated().filter { call.shares($0.offset) }
        .flatMap { $0.element.slots.flatMap { origins[$0] ?? [] } }
      let targets: [ExportedPlan.Target] = try node.outputs.map { output in
        switch output {
        case .tensor(let name), .symbol(let name): .slot(define(name))
        case .tensors(let names): .list(names.map { define($0) })
        case .none: .slot(nil)
        default: throw TorchError.native("'\(place)' gives something that is no tensor or number")
        }
      }
      for slot in targets.flatMap(\.slots) { origins[slot] = Set(shared) }
      plan.steps.append(.init(call: call, operands: operands, targets: targets, place: place))
    }
    plan.outputs =
      try last.map { [.slot(try find($0.output))] } ?? graph.outputs.map { try operand($0, find) }
    plan.release()
    return plan
  }

  /// What a node calls, with all its arguments in the order of the schema; nil stands for the schema's default.
  private mutating func call(_ node: ExportedNode) throws -> (ExportedPlan.Call, [ExportedArgument?]) {
    let values = node.inputs.map(\.value)
    if let name = ExportedNumbers.operation(node.target) { return (.number(name), values) }
    switch node.target {
    case "torch.ops.higher_order.cond":
      guard values.count >= 3, case .graph(let first) = values[1], case .graph(let second) = values[2] else {
        break
      }
      let operands: [ExportedArgument] =
        if case .tensors(let names)? = values.dropFirst(3).first { names.map { .tensor($0) } } else { [] }
      return (.either(try plan(first), try plan(second)), [values[0]] + operands)
    case "torch.ops.higher_order.wrap_with_set_grad_enabled":
      guard values.count >= 2, case .bool(let records) = values[0], case .graph(let graph) = values[1] else {
        break
      }
      return (.part(try plan(graph), records: records), Array(values.dropFirst(2)))
    case "torch.ops.higher_order.wrap_with_autocast":
      guard values.count >= 5, case .bool(let isEnabled) = values[2], case .graph(let graph) = values[4]
      else { break }
      guard !isEnabled else {
        throw TorchError.native(
          "it has an autocast region, whose types are not kept in the file: export it without")
      }
      return (.part(try plan(graph), records: nil), Array(values.dropFirst(5)))
    default:
      let called = try operators[node.target] ?? ExportedOperator(node.target)
      operators[node.target] = called
      return (.operation(called), try ordered(node, called))
    }
    throw TorchError.native("its \(FormatError.quoted(node.target)) is not as torch.export writes it")
  }

  private func ordered(_ node: ExportedNode, _ called: ExportedOperator) throws -> [ExportedArgument?] {
    var all = [ExportedArgument?](repeating: nil, count: called.arguments.count)
    for (name, value) in node.inputs {
      guard let place = called.arguments.firstIndex(where: { $0.name == name }) else {
        throw TorchError.native("aten::\(called.name) has no argument \(FormatError.quoted(name))")
      }
      let type = called.arguments[place].type.prefix { $0.isLetter }
      // Numbers of types are taken as they are by LibTorch: only known ones may reach it.
      let isEnumeration =
        switch value {
        case .scalarType, .memoryFormat, .layout, .none: true
        default: false
        }
      guard isEnumeration || !["ScalarType", "MemoryFormat", "Layout"].contains(type) else {
        throw TorchError.native("aten::\(called.name): '\(name)' is no \(type)")
      }
      all[place] = value
    }
    return all
  }

  private func operand(_ argument: ExportedArgument?, _ find: (String) throws -> Int) throws
    -> ExportedPlan.Operand
  {
    switch argument {
    case nil: .constant(.defaulted)
    case .some(.none): .constant(.none)
    case .tensor(let name), .symbol(let name): .slot(try find(name))
    case .tensors(let names): .tensors(try names.map { try find($0) })
    case .optionalTensors(let names): .tensors(try names.map { try $0.map { try find($0) } })
    case .int(let number): .constant(.int(number))
    case .ints(let list): .constant(.ints(list))
    case .double(let number): .constant(.double(number))
    case .doubles(let list): .constant(.doubles(list))
    case .bool(let truth): .constant(.bool(truth))
    case .bools(let list): .constant(.bools(list))
    case .string(let text): .constant(.string(text))
    case .symbols(let list): .numbers(try list.map { try operand($0, find) })
    // A program runs where its tensors are, whatever machine it was made on.
    case .device: .constant(.device(device))
    case .scalarType(let type):
      if let number = type.aten {
        .constant(.int(number))
      } else {
        throw TorchError.native("it makes a tensor of the element type \(type.rawValue), which is not known")
      }
    case .memoryFormat(let number):
      if let aten = [1: 0, 2: 2, 3: 3, 4: 1][number] {
        .constant(.int(aten))
      } else {
        throw TorchError.native("it asks for the memory format \(number), which is not known")
      }
    case .layout(let number):
      if number == 7 {
        .constant(.int(0))
      } else {
        throw TorchError.native("it makes a sparse tensor, which is not supported")
      }
    case .graph: throw TorchError.native("it has a graph inside where none is expected")
    case .unsupported(let kind):
      throw TorchError.native("it has an argument of the kind '\(kind)', which is not known")
    }
  }
}

extension ExportedCompiler {
  /// Puts an operator into evaluation mode.
  ///
  /// Only what has running values is changed: batch norm without them is weight standardisation, where the flag is no
  /// matter of training.
  private mutating func mend(_ called: ExportedOperator, _ arguments: inout [ExportedArgument?]) {
    func place(_ name: String) -> Int? { called.arguments.firstIndex { $0.name == name } }
    func isTensor(_ name: String) -> Bool {
      if let place = place(name), case .tensor? = arguments[place] { true } else { false }
    }
    switch called.name {
    case "dropout", "dropout_", "feature_dropout", "feature_dropout_", "alpha_dropout", "alpha_dropout_",
      "feature_alpha_dropout", "feature_alpha_dropout_":
      guard let flag = place("train"), arguments[flag] == .bool(true) else { return }
      arguments[flag] = .bool(false)
      mended.insert("dropout")
    case "gru", "lstm", "rnn_tanh", "rnn_relu":
      guard let flag = place("train"), arguments[flag] == .bool(true) else { return }
      arguments[flag] = .bool(false)
      mended.insert("the dropout of \(called.name)")
    case "batch_norm":
      guard isTensor("running_mean"), let flag = place("training"), arguments[flag] == .bool(true) else {
        return
      }
      arguments[flag] = .bool(false)
      mended.insert("batch norm")
    case "scaled_dot_product_attention":
      guard let rate = place("dropout_p"), case .double(let p)? = arguments[rate], p != 0 else { return }
      arguments[rate] = .double(0)
      mended.insert("the dropout of attention")
    default: return
    }
  }

  /// Nodes that count batches in a buffer which nothing reads, as batch norm does in training mode.
  private static func idleCounters(_ nodes: ArraySlice<ExportedNode>, _ graph: ExportedGraph) -> Set<Int> {
    var uses: [String: Int] = [:]
    for name in nodes.flatMap({ $0.inputs.flatMap(\.value.names) }) + graph.outputs.flatMap(\.names) {
      uses[name, default: 0] += 1
    }
    let inputs = Set(graph.inputs.compactMap(\.name))
    return Set(
      nodes.indices.filter { index in
        let node = nodes[index]
        guard node.target == "torch.ops.aten.add_.Tensor",
          case .tensor(let counter)? = node.inputs.first?.value,
          case .tensor(let result)? = node.outputs.first
        else { return false }
        return inputs.contains(counter) && uses[counter] == 1 && uses[result] == nil
      })
  }
}

extension ExportedArgument {
  /// The name of a value that calls set.
  var name: String? {
    switch self {
    case .tensor(let name), .symbol(let name): name
    default: nil
    }
  }

  /// The values that it takes.
  fileprivate var names: [String] {
    switch self {
    case .tensor(let name), .symbol(let name): [name]
    case .tensors(let names): names
    case .optionalTensors(let names): names.compactMap(\.self)
    case .symbols(let list): list.flatMap(\.names)
    default: []
    }
  }
}

extension ExportedPlan {
  /// Empties slots after their last use, but for those of the result.
  fileprivate mutating func release() {
    var seen = Set(outputs.flatMap(\.slots) + inputs)
    for place in steps.indices.reversed() {
      let used = Set(steps[place].operands.flatMap(\.slots) + steps[place].targets.flatMap(\.slots))
      steps[place].released = Array(used.subtracting(seen))
      seen.formUnion(used)
    }
  }
}

extension ExportedPlan.Operand {
  fileprivate var slots: [Int] {
    switch self {
    case .constant: []
    case .slot(let slot): [slot]
    case .tensors(let slots): slots.compactMap(\.self)
    case .numbers(let operands): operands.flatMap(\.slots)
    }
  }
}

extension ExportedPlan.Target {
  fileprivate var slots: [Int] {
    switch self {
    case .slot(let slot): slot.map { [$0] } ?? []
    case .list(let slots): slots.compactMap(\.self)
    }
  }
}

extension ExportedPlan.Call {
  /// Whether an operand is written to.
  fileprivate func writes(_ position: Int) -> Bool {
    switch self {
    case .operation(let called): called.arguments[position].isWritten
    case .number: false
    case .either(let first, let second):
      first.writtenInputs.contains(position - 1) || second.writtenInputs.contains(position - 1)
    case .part(let plan, _): plan.writtenInputs.contains(position)
    }
  }

  /// Whether results may share elements with an operand.
  fileprivate func shares(_ position: Int) -> Bool {
    switch self {
    case .operation(let called): called.shares(called.arguments[position])
    case .number: false
    case .either, .part: true
    }
  }
}
