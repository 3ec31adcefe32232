import Foundation
import Formats
import Torch

/// A user's TorchScript model, frozen, behind this package's convention: samples come as `[batch] + sampleShape`,
/// float32, in [0, 1], and are brought into the model's own range, layout and type on the way in.
public struct ScriptModel: Sendable {
  public let path: String
  public let input: ScriptInput
  public let script: Script
  /// The method that gives whatever output is asked for.
  public let method: String
  /// Whether the method takes the originals beside the batch, as some losses do.
  let takesOriginals: Bool
  public let device: Device

  init(
    path: String, input: ScriptInput, script: Script, method: String, takesOriginals: Bool, device: Device
  ) {
    self.device = device
    self.path = path
    self.input = input
    self.script = script
    self.method = method
    self.takesOriginals = takesOriginals
  }

  /// The same script with another form of its input.
  public func with(_ input: ScriptInput) -> ScriptModel {
    ScriptModel(
      path: path, input: input, script: script, method: method, takesOriginals: takesOriginals,
      device: device)
  }

  /// Loads a file that `torch.jit.save` wrote, puts batch norm and dropout into evaluation mode and freezes the
  /// parameters.
  ///
  /// - Parameters:
  ///   - samples: a few samples `[count] + sampleShape` that the model is tried on, on the device that it goes to.
  ///   - range: what the values 0 and 1 are for the model.
  ///   - layout: nil takes the first of ``ScriptInput/layouts(for:)`` that the model accepts.
  ///   - method: the method that must accept the samples.
  /// - Throws: ``ScriptError``.
  public static func load(
    _ path: String, samples: Tensor, range: ClosedRange<Double> = 0...1, layout: ScriptInput.Layout? = nil,
    method: String = "forward"
  ) throws -> ScriptModel {
    let script = try open(path, on: samples.device)
    let shape = Array(samples.shape.dropFirst())
    let known = ScriptInput.layouts(for: shape)
    if let layout, !known.contains(layout) {
      throw ScriptError(path, "samples of shape \(shape) have no layout \(layout)")
    }
    guard range.lowerBound < range.upperBound, range.lowerBound.isFinite, range.upperBound.isFinite else {
      throw ScriptError(path, "the model's range \(range.lowerBound)…\(range.upperBound) is empty")
    }
    let few = samples[0..<min(2, samples.shape[0])]
    let arguments = try ScriptError.wrapping(path) { try script.argumentNames(method).count }
    guard 1...2 ~= arguments else {
      throw ScriptError(
        path, "'\(method)' takes \(arguments) arguments; it must take a batch, or a batch and the originals")
    }
    return try accepted(
      path, script, few, method, arguments: arguments,
      inputs: (layout.map { [$0] } ?? known).map {
        ScriptInput(sampleShape: shape, range: range, layout: $0, dtype: script.parameterType)
      })
  }

  /// The script with the first of several forms of input that it accepts.
  private static func accepted(
    _ path: String, _ script: Script, _ few: Tensor, _ method: String, arguments: Int, inputs: [ScriptInput]
  ) throws -> ScriptModel {
    var refusals: [String] = []
    for input in inputs {
      let x = Value.tensor(input.encode(few))
      do {
        _ = try withoutGrad { try script.call(method, Array(repeating: x, count: arguments)) }
        return ScriptModel(
          path: path, input: input, script: script, method: method, takesOriginals: arguments == 2,
          device: few.device)
      } catch { refusals.append("\(few.shape[0]) samples as \([few.shape[0]] + input.modelShape): \(error)") }
    }
    let others = refusals.count > 1 ? " (and \(refusals.count - 1) other layouts)" : ""
    throw ScriptError(path, "'\(method)' fails on \(refusals.first ?? "any layout")\(others)")
  }

  private static func open(_ path: String, on device: Device) throws -> Script {
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw ScriptError(path, "there is no such file to read")
    }
    do {
      let script = try Script.load(path, device: device)
      try script.freeze()
      return script
    } catch {
      // Every .pt file may be a zip archive; only TorchScript has the constants beside the code.
      throw ScriptError(
        path,
        "not a TorchScript file; write one by torch.jit.script(model).save(path) or torch.jit.trace (\(error))"
      )
    }
  }

  /// The first tensor that the method returns for a batch, in the model's own form; `[batch, …]`, float32.
  public func raw(_ x: Tensor) throws -> Tensor { try tensor([.tensor(input.encode(x))]) }

  /// The model's output as samples, `[batch] + sampleShape` in [0, 1].
  /// - Throws: ``ScriptError`` where the output has another number of values than the input.
  func reconstruction(_ x: Tensor) throws -> Tensor {
    let y = try raw(x)
    guard y.count == x.count, y.shape.first == x.shape[0] else {
      throw ScriptError(
        path,
        "'\(method)' gives the shape \(y.shape) for \([x.shape[0]] + input.modelShape); a reconstruction has its input's shape"
      )
    }
    return input.decode(y)
  }

  /// The model's output as one vector a sample, `[batch, values]`: an embedding, or the classes' logits.
  /// - Throws: ``ScriptError`` where the output is not one vector for each sample.
  func vectors(_ x: Tensor) throws -> Tensor {
    let y = try raw(x)
    guard y.shape.count >= 2, y.shape[0] == x.shape[0] else {
      throw ScriptError(
        path, "'\(method)' gives the shape \(y.shape) for \(x.shape[0]) samples; it must give one vector each"
      )
    }
    return y.flattened()
  }

  /// What `forward` of a submodule makes of a batch, such as the first layer's feature maps.
  ///
  /// - Parameter samples: a few samples; the submodule's own layout is the first that it accepts of them.
  /// - Throws: ``ScriptError`` with the nearest name where there is no such submodule.
  public func submodule(_ name: String, samples: Tensor) throws -> ScriptModel {
    let names = script.submoduleNames
    guard names.contains(name) else {
      let hint =
        nearestName(to: name, among: names).map { "did you mean '\($0)'?" }
        ?? (names.isEmpty ? "it has none" : "it has: \(names.prefix(20).joined(separator: ", "))")
      throw ScriptError(path, "the model has no submodule '\(name)'; \(hint)")
    }
    let found = try ScriptError.wrapping(path) { try script.submodule(name) }
    let inputs = ScriptInput.layouts(for: input.sampleShape).map {
      ScriptInput(sampleShape: input.sampleShape, range: input.range, layout: $0, dtype: input.dtype)
    }
    return try Self.accepted(
      "\(path):\(name)", found, samples[0..<min(2, samples.shape[0])], "forward", arguments: 1, inputs: inputs
    )
  }

  func tensor(_ arguments: [Value]) throws -> Tensor {
    let result = try ScriptError.wrapping(path) { try script.call(method, arguments) }
    switch result {
    case .tensor(let y): return y.dtype == .float32 ? y : y.to(.float32)
    // By custom the first of several results is the reconstruction (variational autoencoders) or the logits.
    case .tensors(let list) where !list.isEmpty: return list[0].to(.float32)
    default: throw ScriptError(path, "'\(method)' returned no tensor")
    }
  }
}

extension Script {
  /// The type of the first floating-point parameter or buffer: what the model computes in.
  var parameterType: DataType {
    let types = tensorNames.lazy.compactMap { (try? self.tensor($0))?.dtype }
    return types.first { $0.isFloatingPoint } ?? .float32
  }
}

/// Why a user's model cannot be attacked: one line with the file and what to do.
public struct ScriptError: Error, Equatable, CustomStringConvertible {
  public let path: String
  public let problem: String

  public init(_ path: String, _ problem: String) {
    self.path = path
    self.problem = problem
  }

  public var description: String { "\(path): \(problem)" }

  static func wrapping<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as TorchError { throw ScriptError(path, error.description) }
  }
}
