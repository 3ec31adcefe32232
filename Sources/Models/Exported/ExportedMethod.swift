import Formats
import Torch

/// One program of a file, with its tensors.
struct ExportedMethod: Sendable {
  /// What the program says of one of the caller's tensors.
  struct Input: Sendable {
    let dtype: DataType
    let shape: [ExportedDimension]
  }

  let inputs: [Input]
  let outputNames: [String]
  let argumentNames: [String]
  let submodules: [String]
  /// What was exported in training mode and is run in evaluation mode.
  let mended: Set<String>
  private let program: ExportedProgram
  private let plan: ExportedPlan
  /// The program's own tensors, nil where the caller's go.
  private let tensors: [Tensor?]
  private let device: Device
  private let userOutputs: [Int]

  init(_ program: ExportedProgram, _ stored: [String: ExportedTensor], _ device: Device) throws {
    var compiler = ExportedCompiler(device: device)
    plan = try compiler.plan(program.graph)
    mended = compiler.mended
    self.program = program
    self.device = device
    outputNames = program.outputNames
    userOutputs = program.userOutputs
    submodules = program.submodules
    tensors = try program.inputs.map { input in
      try input.tensorName.flatMap { stored[$0] }.map { try Tensor($0, on: device) }
    }
    var inputs: [Input] = []
    for (place, input) in program.inputs.enumerated() where input == .user {
      guard let name = program.graph.inputs[place].name, let type = program.graph.tensors[name],
        let dtype = type.dtype.aten
      else { throw TorchError.native("says nothing of its input \(place)") }
      inputs.append(Input(dtype: DataType(rawValue: Int32(dtype)), shape: type.sizes))
    }
    guard !inputs.isEmpty else { throw TorchError.native("takes no tensor") }
    self.inputs = inputs
    let names = program.argumentNames
    argumentNames = names.count == inputs.count ? names : inputs.indices.map { "argument \($0)" }
  }

  private init(_ whole: ExportedMethod, _ plan: ExportedPlan) {
    inputs = whole.inputs
    outputNames = [""]
    argumentNames = whole.argumentNames
    submodules = []
    mended = []
    program = whole.program
    self.plan = plan
    tensors = whole.tensors
    device = whole.device
    userOutputs = [0]
  }

  /// The program up to what a submodule gives.
  func ending(after submodule: String) throws -> ExportedMethod {
    let nodes = program.graph.nodes
    guard
      let last = nodes.lastIndex(where: {
        $0.modules.contains(submodule) && $0.outputs.contains { $0.name != nil }
      }),
      let output = nodes[last].outputs.lazy.compactMap(\.name).first
    else { throw TorchError.native("the program has no tensor from the submodule '\(submodule)'") }
    var compiler = ExportedCompiler(device: device)
    return ExportedMethod(self, try compiler.plan(program.graph, endingWith: (last, output)))
  }

  /// The user's outputs for a batch, which runs in parts where the program takes no batch of that size.
  func call(_ given: [Tensor]) throws -> [Value] {
    let count = given[0].shape.first ?? 0
    for (tensor, input) in zip(given, inputs) { try check(tensor, input, count) }
    let batches = ExportedBatches(count: count, sizes: sizes(of: inputs[0]))
    guard !batches.isWhole else { return try run(given) }
    guard count > 0 else { throw TorchError.native("a batch without samples was given") }
    var parts: [[Value]] = []
    for rows in batches.parts {
      parts.append(try run(given.map { $0.gathered(rows.indices) }))
    }
    return try userOutputs.indices.map { place in
      if parts.count == 1, case .tensor(let tensor) = parts[0][place],
        tensor.shape.first != batches.parts[0].indices.count
      {
        return parts[0][place]
      }
      let kept = try zip(parts, batches.parts).map { results, rows in
        guard case .tensor(let tensor) = results[place], tensor.shape.first == rows.indices.count else {
          throw TorchError.native(
            "output \(place) is not one value a sample, and the file takes no batch of \(count): export it with "
              + "dynamic_shapes=({0: torch.export.Dim.DYNAMIC},)")
        }
        return rows.kept == rows.indices.count ? tensor : tensor[0..<rows.kept]
      }
      return .tensor(kept.count == 1 ? kept[0] : concatenated(kept))
    }
  }

  private func run(_ given: [Tensor]) throws -> [Value] {
    var next = given.makeIterator()
    let arguments: [Value] = program.inputs.indices.map { place in
      switch program.inputs[place] {
      case .user: next.next().map { .tensor($0) } ?? .none
      case .fixed: .none
      case .parameter, .buffer, .constant:
        // What a step writes to is the call's own.
        tensors[place].map { .tensor(plan.writtenInputs.contains(place) ? $0.cloned() : $0) } ?? .none
      }
    }
    let results = try plan.run(arguments)
    return userOutputs.map { results[$0] }
  }

  /// The sizes of a batch that the program takes; nil for any.
  private func sizes(of input: Input) -> ClosedRange<Int>? {
    switch input.shape.first {
    case .fixed(let size): size...size
    case .symbol(let name): program.ranges[name]
    case .expression, nil: nil
    }
  }

  private func check(_ tensor: Tensor, _ input: Input, _ count: Int) throws {
    let shape = tensor.shape
    let fits = zip(shape, input.shape).dropFirst().allSatisfy { length, expected in
      switch expected {
      case .fixed(let number): length == number
      case .symbol(let name): program.ranges[name]?.contains(length) ?? true
      case .expression: true
      }
    }
    guard shape.count == input.shape.count, fits, shape.first == count || shape.isEmpty else {
      throw TorchError.native("expects \(describe(input)), was given \(shape)")
    }
    guard tensor.dtype == input.dtype else {
      throw TorchError.native("expects \(describe(input)), was given \(tensor.dtype)")
    }
  }

  /// `float32 [batch, 1, 28, 28], batch 2…63`.
  private func describe(_ input: Input) -> String {
    let lengths = input.shape.enumerated().map { axis, length in
      switch length {
      case .fixed(let number): "\(number)"
      case .symbol(let name): axis == 0 ? "batch" : name
      case .expression(let text): text
      }
    }
    let batch: String =
      switch sizes(of: input) {
      case let range? where range.lowerBound < range.upperBound && range.upperBound < .max:
        ", batch \(range.lowerBound)…\(range.upperBound)"
      default: ""
      }
    return "\(input.dtype) [\(lengths.joined(separator: ", "))]\(batch)"
  }
}

extension Tensor {
  /// A tensor of a file, on some device; in place where that is the host and it lies as LibTorch's own do.
  fileprivate init(_ stored: ExportedTensor, on device: Device) throws {
    guard let aten = stored.dtype.aten, let size = stored.dtype.size else {
      throw TorchError.native("a tensor of \(stored.dtype.name) is not read")
    }
    let type = DataType(rawValue: Int32(aten))
    guard !stored.sizes.contains(0) else {
      self = Tensor.zeros(stored.sizes, dtype: type, device: device)
      return
    }
    let tensor = try stored.storage.file.withBytes(in: stored.storage.range) { bytes in
      guard let base = bytes.baseAddress else { throw TorchError.native("a tensor without bytes") }
      let address = UnsafeMutableRawPointer(mutating: base + stored.offset * size)
      return try Tensor(
        borrowing: address, sizes: stored.sizes, strides: stored.strides, dtype: type,
        owner: stored.storage.file)
    }
    let start = stored.storage.file.withBytes(in: stored.storage.range) { UInt(bitPattern: $0.baseAddress) }
    let placed = device != .cpu ? tensor.to(device) : start % 64 == 0 ? tensor : tensor.cloned()
    // Eager PyTorch multiplies matrices otherwise where one of them is trained.
    self = stored.requiresGrad && type.isFloatingPoint ? placed.requiringGrad() : placed
  }
}
