import CTorch

/// One argument or result of a LibTorch operator.
public enum Value: Sendable {
  /// Nothing, where the schema has an optional argument.
  case none
  /// A tensor.
  case tensor(Tensor)
  /// A whole number.
  case int(Int)
  /// A number in floating point.
  case double(Double)
  /// A truth value.
  case bool(Bool)
  /// A text.
  case string(String)
  /// A list of whole numbers, such as a shape.
  case ints([Int])
  /// A list of numbers in floating point.
  case doubles([Double])
  /// A list of truth values.
  case bools([Bool])
  /// A list of tensors.
  case tensors([Tensor])
  /// A list with gaps, such as the indices of `aten::index`.
  case optionalTensors([Tensor?])
  /// Where tensors shall be.
  case device(Device)
  /// The schema's default, so that a later positional argument can be given alone.
  case defaulted
}

/// An ATen operator, found once by name and overload and called boxed through LibTorch's dispatcher: autograd,
/// device and type dispatch included. Arguments left out take the defaults of the operator's schema.
///
/// ```swift
/// let gelu = try Operator("aten::gelu")
/// let y = try gelu.call([.tensor(x)], named: ["approximate": .string("tanh")])
/// ```
public struct Operator: @unchecked Sendable {  // The handle is immutable and lives as long as the process.
  let handle: ct_operator

  /// - Throws: ``TorchError/native(_:)`` where LibTorch has no such operator.
  public init(_ name: String, _ overload: String = "") throws {
    var out: ct_operator?
    try checked { $0.find_operator(name, overload, &out, &$1) }
    guard let out else { throw TorchError.unexpectedResult("no operator was found") }
    handle = out
  }

  /// The schema as LibTorch prints it.
  public var schema: String {
    let api = Library.api
    guard let text = api.operator_schema(handle) else { return "" }
    defer { api.free(text) }
    return String(cString: text)
  }

  /// Calls the operator.
  /// - Throws: ``TorchError/native(_:)`` that names the operator and the shapes of its arguments.
  @discardableResult
  public func call(_ arguments: [Value], named: KeyValuePairs<StaticString, Value> = [:]) throws -> [Value] {
    try withCValues(arguments, named) { values in
      try receive(capacity: 8) { results, count, api, message in
        api.call(handle, values.baseAddress, Int64(values.count), results, 8, &count, &message)
      }
    }
  }

  /// Calls an operator that returns one tensor.
  public func callAsFunction(_ arguments: Value..., named: KeyValuePairs<StaticString, Value> = [:]) throws
    -> Tensor
  {
    guard case .tensor(let result)? = try call(arguments, named: named).first else {
      throw TorchError.unexpectedResult("\(schema) returned no tensor")
    }
    return result
  }

  /// Calls an operator that returns one tensor and is only given what fits.
  func tensor(_ arguments: [Value], named: KeyValuePairs<StaticString, Value> = [:]) -> Tensor {
    guard case .tensor(let result)? = orTrap({ try call(arguments, named: named) }).first else {
      fatalError("\(schema) returned no tensor")
    }
    return result
  }
}

/// Runs a native call that fills a few result values and takes them over.
func receive(
  capacity: Int,
  _ body: (UnsafeMutablePointer<ct_value>, inout Int64, ct_api, inout UnsafeMutablePointer<CChar>?) -> Int32
) throws -> [Value] {
  try withUnsafeTemporaryAllocation(of: ct_value.self, capacity: capacity) { results in
    guard let base = results.baseAddress else { return [] }
    var count: Int64 = 0
    try checked { api, message in body(base, &count, api, &message) }
    return (0..<Int(count)).map { Value(taking: base[$0]) }
  }
}

/// Lends the arguments as C values for the length of a call.
func withCValues<Result>(
  _ arguments: [Value], _ named: KeyValuePairs<StaticString, Value> = [:],
  _ body: (UnsafeBufferPointer<ct_value>) throws -> Result
) rethrows -> Result {
  let total = arguments.count + named.count
  return try withUnsafeTemporaryAllocation(of: ct_value.self, capacity: max(total, 1)) { buffer in
    var owned: [UnsafeMutableRawPointer] = []
    defer { for memory in owned { memory.deallocate() } }
    for (i, argument) in arguments.enumerated() { buffer[i] = argument.lend(&owned) }
    for (i, pair) in named.enumerated() {
      buffer[arguments.count + i] = pair.value.lend(&owned)
      buffer[arguments.count + i].name = UnsafeRawPointer(pair.key.utf8Start).assumingMemoryBound(
        to: CChar.self)
    }
    return try withExtendedLifetime((arguments, named)) {
      try body(UnsafeBufferPointer(start: buffer.baseAddress, count: total))
    }
  }
}

extension Value {
  /// The C form; memory made for it is added to `owned`.
  func lend(_ owned: inout [UnsafeMutableRawPointer]) -> ct_value {
    var out = ct_value()
    func copy<T: BitwiseCopyable>(_ list: [T]) -> UnsafePointer<T> {
      let memory = UnsafeMutablePointer<T>.allocate(capacity: max(list.count, 1))
      memory.initialize(from: list, count: list.count)
      owned.append(UnsafeMutableRawPointer(memory))
      out.count = Int64(list.count)
      return UnsafePointer(memory)
    }
    func set(_ kind: ct_kind) { out.kind = Int32(kind.rawValue) }
    switch self {
    case .none: set(CT_NONE)
    case .defaulted: set(CT_DEFAULT)
    case .tensor(let t): set(CT_TENSOR); out.as.tensor = t.raw
    case .int(let i): set(CT_INT); out.as.i = Int64(i)
    case .double(let d): set(CT_DOUBLE); out.as.d = d
    case .bool(let b): set(CT_BOOL); out.as.i = b ? 1 : 0
    case .string(let s): set(CT_STRING); out.as.string = copy(Array(s.utf8CString))
    case .ints(let list): set(CT_INTS); out.as.ints = copy(list.map(Int64.init))
    case .bools(let list): set(CT_BOOLS); out.as.ints = copy(list.map { $0 ? Int64(1) : 0 })
    case .doubles(let list): set(CT_DOUBLES); out.as.doubles = copy(list)
    case .tensors(let list):
      set(CT_TENSORS)
      out.as.tensors = copy(list.map { Optional($0.raw) })
    case .optionalTensors(let list):
      set(CT_TENSORS)
      out.as.tensors = copy(list.map { $0?.raw })
    case .device(let device):
      set(CT_DEVICE)
      out.as.i = Int64(device.type)
      out.count = Int64(device.index)
    }
    return out
  }

  /// Takes over a result.
  init(taking value: ct_value) {
    let api = Library.api
    switch ct_kind(UInt32(value.kind)) {
    case CT_TENSOR: self = .tensor(Tensor(owning: value.as.tensor))
    case CT_INT: self = .int(Int(value.as.i))
    case CT_DOUBLE: self = .double(value.as.d)
    case CT_BOOL: self = .bool(value.as.i != 0)
    case CT_STRING:
      self = .string(String(cString: value.as.string))
      api.free(UnsafeMutableRawPointer(mutating: value.as.string))
    case CT_INTS:
      self = .ints((0..<Int(value.count)).map { Int(value.as.ints[$0]) })
      api.free(UnsafeMutableRawPointer(mutating: value.as.ints))
    case CT_TENSORS:
      let list = (0..<Int(value.count)).map { i in value.as.tensors[i].map(Tensor.init(owning:)) }
      let present = list.compactMap { $0 }
      self = present.count == list.count ? .tensors(present) : .optionalTensors(list)
      api.free(UnsafeMutableRawPointer(mutating: value.as.tensors))
    default: self = .none
    }
  }
}
