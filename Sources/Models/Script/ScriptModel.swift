import Foundation
import Formats
import Torch

/// A user's model, a program of torch.export or TorchScript, frozen, behind this package's convention: samples come as `[batch] + sampleShape`,
/// float32 or float64, in [0, 1], and are brought into the model's own range, layout and type on the way in.
public struct ScriptModel: Sendable {
  /// The file.
  public let path: String
  /// How samples are given to it.
  public internal(set) var input: ScriptInput
  /// How its output is taken.
  public internal(set) var output = ScriptOutput()
  /// The program.
  public let script: any ModelProgram
  /// The method that is called.
  public let method: String
  /// What the method's output is taken for.
  public internal(set) var use = Output.reconstruction
  /// What of its use was not said but found out, one line each.
  public internal(set) var guesses: [String] = []
  /// Options under which clean samples are rebuilt far better than under those that were said.
  public internal(set) var remedy: String?
  /// Whether the method takes the originals beside the batch, as some losses do.
  let takesOriginals: Bool
  /// Where it runs.
  public let device: Device

  /// The same script with another form of its input.
  func with(_ input: ScriptInput) -> ScriptModel {
    var model = self
    model.input = input
    return model
  }

  /// Loads a file that `torch.export.save` or `torch.jit.save` wrote, puts batch norm and dropout into evaluation mode and freezes the
  /// parameters.
  ///
  /// - Parameters:
  ///   - samples: all samples `[count] + sampleShape`, on the device that the model goes to; it is tried on some.
  ///   - reading: what is said of its input and output. What is not is found out: for a reconstruction by its error on
  ///     the samples, else the first layout that is accepted and the first tensor that is given.
  ///   - use: what the method shall give; nil takes it for a reconstruction where it gives anything of a sample's size,
  ///     else for logits where it gives a row of them.
  /// - Throws: ``ScriptError``.
  public static func load(
    _ path: String, samples: Tensor, reading: ScriptReading = ScriptReading(), for use: Output?
  ) throws -> ScriptModel {
    let script = try open(path, on: samples.device)
    let shape = Array(samples.shape.dropFirst())
    let known = ScriptInput.layouts(for: shape)
    if let layout = reading.layout, !known.contains(layout) {
      throw ScriptError(
        path,
        "samples of shape \(shape) have no layout \(layout); known: "
          + known.map(\.rawValue).joined(separator: ", "))
    }
    let range = reading.range ?? reading.likelyRanges.first ?? 0...1
    for case .some(.range(let range)) in [.range(range), reading.outputScale]
    where !(range.lowerBound < range.upperBound && (range.upperBound - range.lowerBound).isFinite) {
      throw ScriptError(path, "the model's range \(range.lowerBound)…\(range.upperBound) is empty")
    }
    _ = try ScriptError.wrapping(path) { try script.argumentNames(reading.method) }
    var accepted = try accepted(
      path, script, samples[0..<min(2, samples.shape[0])], reading.method,
      inputs: (reading.layout.map { [$0] } ?? known).map {
        ScriptInput(sampleShape: shape, range: range, layout: $0, dtype: script.inputType(reading.method))
      })
    let use = try use ?? kind(accepted[0].model, samples[0..<min(2, samples.shape[0])])
    for index in accepted.indices {
      accepted[index].model.use = use
      accepted[index].model.output.scale = reading.outputScale
      if let name = reading.output {
        accepted[index].model.output.place = try place(name, in: accepted[index].outputs, path)
      }
    }
    for index in accepted.indices { accepted[index].model.guesses = script.remarks }
    if use == .reconstruction { return try ScriptFit(reading, samples).best(of: accepted.map(\.model)) }
    var (model, outputs) = accepted[0]
    if reading.output == nil, outputs.count > 1 {
      model.guesses += ["output 0 of \(outputs.count) is taken (\(listed(outputs))); --output takes another"]
    }
    return model
  }

  /// What a model may give for a few samples, by the sizes of its outputs.
  private static func kind(_ model: ScriptModel, _ few: Tensor) throws -> Output {
    let shapes = try withoutGrad { try model.tensors(few).map(\.tensor.shape) }
    let count = few.shape[0]
    func isOfSamples(_ shape: [Int]) -> Bool {
      shape.first == count && shape.reduce(1, *) == few.count
    }
    if shapes.contains(where: isOfSamples) { return .reconstruction }
    return shapes.contains { $0.count == 2 && $0[0] == count && $0[1] >= 2 } ? .logits : .reconstruction
  }

  /// A result's tensors, for messages: `0, 1 ('mean')`.
  static func listed(_ outputs: [String]) -> String {
    outputs.prefix(8).enumerated().map { $1.isEmpty || $1 == "\($0)" ? "\($0)" : "\($0) ('\($1)')" }
      .joined(separator: ", ")
  }

  private static func place(_ text: String, in outputs: [String], _ path: String) throws -> Int {
    if let place = outputs.firstIndex(of: text) { return place }
    if let place = Int(text), outputs.indices.contains(place) { return place }
    let ends = outputs.indices.filter { outputs[$0].hasSuffix("." + text) }
    guard ends.count == 1 else {
      throw ScriptError(path, "there is no output '\(text)'; give --output, one of \(listed(outputs))")
    }
    return ends[0]
  }

  /// The script with each of several forms of input that it accepts, and the names of what it gives for it.
  /// - Throws: ``ScriptError`` where it accepts none.
  private static func accepted(
    _ path: String, _ script: any ModelProgram, _ few: Tensor, _ method: String, inputs: [ScriptInput]
  ) throws -> [(model: ScriptModel, outputs: [String])] {
    var found: [(model: ScriptModel, outputs: [String])] = []
    var refusals: [String] = []
    for input in inputs {
      do {
        let (takesOriginals, outputs) = try trial(script, method, input.encode(few))
        let model = ScriptModel(
          path: path, input: input, script: script, method: method, takesOriginals: takesOriginals,
          device: few.device)
        found.append((model, outputs))
      } catch {
        refusals.append(
          "\(few.shape[0]) samples as \([few.shape[0]] + input.modelShape): "
            + ScriptError.reason(ofCall: "\(error)"))
      }
    }
    guard found.isEmpty else { return found }
    if let size = fixedBatch(script, few, method, inputs) {
      throw ScriptError(
        path,
        "'\(method)' takes batches of \(size) samples only: traced with a fixed batch size; save it by torch.export, "
          + "or trace it with x.shape[0] in place of the number")
    }
    let others = refusals.count > 1 ? " (and \(refusals.count - 1) other layouts)" : ""
    throw ScriptError(path, "'\(method)' fails on \(refusals.first ?? "any layout")\(others)")
  }

  /// Calls a method with a batch, or where that is not enough with the batch and the originals. Arguments that have a
  /// default keep it.
  private static func trial(
    _ script: any ModelProgram, _ method: String, _ x: Tensor
  ) throws -> (takesOriginals: Bool, outputs: [String]) {
    try withoutGrad {
      do {
        return (false, try script.tensors(method, [.tensor(x.cloned())]).map(\.name))
      } catch TorchError.native(let text) where text.contains("is missing value for argument") {
        do {
          return (true, try script.tensors(method, [.tensor(x.cloned()), .tensor(x.cloned())]).map(\.name))
        } catch {
          let names = try script.argumentNames(method).joined(separator: ", ")
          throw TorchError.native(
            "it must take a batch, or a batch and the originals, and takes (\(names)); with the originals as the "
              + "second: \(ScriptError.reason(ofCall: "\(error)"))")
        }
      }
    }
  }

  /// The only size of a batch that a method takes, where it is one of the usual ones.
  private static func fixedBatch(
    _ script: any ModelProgram, _ few: Tensor, _ method: String, _ inputs: [ScriptInput]
  ) -> Int? {
    for size in [1, 4, 5, 8, 10, 16, 20, 25, 32, 50, 64, 100, 128, 256] {
      let batch = few.gathered((0..<size).map { $0 % few.shape[0] })
      if inputs.contains(where: { (try? trial(script, method, $0.encode(batch))) != nil }) { return size }
    }
    return nil
  }

  /// The output that the method gives for a batch, in the model's own form; `[batch, …]`, of the batch's type.
  public func raw(_ x: Tensor) throws -> Tensor { try tensor([.tensor(input.encode(x))], as: x.dtype) }

  /// The model's output as samples, `[batch] + sampleShape` in [0, 1].
  /// - Throws: ``ScriptError`` where the output has another number of values than the input.
  func reconstruction(_ x: Tensor) throws -> Tensor {
    let y = try raw(x)
    guard y.count == x.count, y.shape.first == x.shape[0] else {
      throw ScriptError(
        path,
        "'\(method)' gives the shape \(y.shape) for \([x.shape[0]] + input.modelShape); a reconstruction has its "
          + "input's shape\(otherOutputs(x))"
      )
    }
    return input.decode(y, scale: output.scale)
  }

  /// What else there is to take, where there is anything.
  private func otherOutputs(_ x: Tensor) -> String {
    guard let all = try? withoutGrad({ try tensors(x) }), all.count > 1 else { return "" }
    return "; it was the first of several outputs, or the one that was said: --output takes one of "
      + Self.listed(all.map(\.name))
  }

  /// The model's output as one vector a sample, `[batch, values]`.
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

  /// The logits of the classes, `[batch, classes]`.
  /// - Throws: ``ScriptError`` where there is one class or an image of them.
  func logits(_ x: Tensor) throws -> Tensor {
    let y = try raw(x)
    guard y.shape.count == 2, y.shape[0] == x.shape[0], y.shape[1] >= 2 else {
      let values = y.shape.dropFirst().reduce(1, *)
      let reason =
        y.shape.first != x.shape[0]
        ? "classes are told by one row of logits each"
        : values == 1
          ? "one logit (or class number) is no choice between classes: return torch.stack([-z, z], 1) for a logit z"
          : "a map of classes: return one row of logits each, such as y.mean((2, 3))"
      throw ScriptError(path, "'\(method)' gives the shape \(y.shape) for \(x.shape[0]) samples; \(reason)")
    }
    return y
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
    let found = try ScriptError.wrapping(path) { try script.submodule(name, of: method) }
    let inputs =
      script.submodulesTakeWholeInput
      ? [input]
      : ScriptInput.layouts(for: input.sampleShape).map {
        ScriptInput(sampleShape: input.sampleShape, range: input.range, layout: $0, dtype: input.dtype)
      }
    return try Self.accepted(
      "\(path):\(name)", found, samples[0..<min(2, samples.shape[0])], "forward", inputs: inputs)[0].model
  }

  /// All tensors that the method gives for a batch, with their names.
  func tensors(_ x: Tensor) throws -> [(name: String, tensor: Tensor)] {
    try ScriptError.wrapping(path) { try script.tensors(method, [.tensor(input.encode(x))]) }
  }

  func tensor(_ arguments: [Value], as type: DataType) throws -> Tensor {
    let all = try ScriptError.wrapping(path) { try script.tensors(method, arguments) }
    guard all.indices.contains(output.place) else {
      throw ScriptError(
        path,
        all.isEmpty
          ? "'\(method)' returned no tensor"
          : "'\(method)' returned \(all.count) tensors; there is no output \(output.place)")
    }
    let y = all[output.place].tensor
    guard !y.dtype.isComplex else {
      throw ScriptError(path, "'\(method)' gives complex numbers; return real ones, such as torch.abs(y)")
    }
    return y.dtype == type ? y : y.to(type)
  }
}
