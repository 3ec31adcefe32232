import ArgumentParser
import Attacks
import Datasets
import Foundation
import Models
import Runs
import Synchronization
import Torch

extension ScriptInput.Layout: ExpressibleByArgument {}

extension Dataset {
  /// The labels of a part as a model counts its classes, from 0; nil where the part has none or the model no classes.
  /// - Throws: `DatasetError` where the labels are not of this model; what the model throws.
  func labels(of part: Samples, for model: any Model) throws -> [Int]? {
    guard model.outputs.contains(.logits), part.count > 0 else { return nil }
    return try labels(of: part, classes: classCount(of: model))
  }

  /// How many classes a model tells apart.
  /// - Throws: what the model throws; `CriterionError` where it tells none apart.
  func classCount(of model: any Model) throws -> Int {
    let sample = Tensor(train.prefix(1).values, [1] + sampleShape).to(model.device)
    let shape = try withoutGrad { try model.output(.logits, of: sample).shape }
    guard shape.count == 2, shape[1] > 1 else { throw CriterionError.oneClass(shape) }
    return shape[1]
  }
}

/// The model that a command works on: a checkpoint of ours, a program of torch.export or TorchScript of the user's, or one
/// that another process serves.
struct ModelOptions: ParsableArguments {
  @Option(name: .long, help: "A checkpoint that `uae train` or `uae augment` wrote.")
  var checkpoint: String?

  @Option(
    name: .long,
    help: "A program of torch.export (.pt2), as torch.export.save writes it, or a TorchScript file.")
  var model: String?

  @Option(
    name: .long,
    help: "A command that serves a model of any kind, as docs/oracle.md describes: 'python serve.py'.")
  var oracle: String?

  @Option(name: .long, help: "With --oracle: seconds to wait for an answer.")
  var oracleTimeout = 300.0

  @Option(name: .long, help: "With --model: the method whose output the criterion takes.")
  var method = "forward"

  @Option(
    name: .long, parsing: .unconditional,
    help:
      "With --model or --oracle: LO,HI, the range of the input that it was trained on (default: found out, and said)."
  )
  var modelRange: String?

  @Option(
    name: .long,
    help:
      "With --model or --oracle: \(ScriptInput.Layout.allCases.map(\.rawValue).joined(separator: ", ")) (default: found out)."
  )
  var modelLayout: ScriptInput.Layout?

  @Option(
    name: .long,
    help:
      "With --model: which of several tensors is the output, its place from 0 or its name (default: found out)."
  )
  var output: String?

  @Option(
    name: .long, parsing: .unconditional,
    help: "With --model or --oracle: LO,HI, the range of its reconstructions, or logits (default: found out)."
  )
  var outputRange: String?

  func validate() throws {
    guard [checkpoint, model, oracle].count(where: { $0 != nil }) <= 1 else {
      throw ValidationError("give one of --checkpoint, --model and --oracle")
    }
    guard oracleTimeout > 0, oracleTimeout <= 1e6 else {
      throw ValidationError("--oracle-timeout is \(oracleTimeout); it must be seconds above 0")
    }
    _ = try reading
    if oracle == nil, oracleTimeout != 300 {
      throw ValidationError("--oracle-timeout would be ignored: it belongs to --oracle")
    }
    guard model == nil else { return }
    for (option, isGiven) in [("--method", method != "forward"), ("--output", output != nil)] where isGiven {
      throw ValidationError("\(option) would be ignored: it belongs to --model")
    }
    guard oracle == nil else { return }
    for (option, isGiven) in [
      ("--model-range", modelRange != nil), ("--model-layout", modelLayout != nil),
      ("--output-range", outputRange != nil),
    ] where isGiven {
      throw ValidationError("\(option) would be ignored: it belongs to --model and --oracle")
    }
  }

  var isGiven: Bool { checkpoint != nil || model != nil || oracle != nil }

  /// What of these options decides the results, for the run's identity.
  var identity: [String: String] {
    guard model != nil || oracle != nil else { return [:] }
    return [
      "method": method, "modelRange": modelRange ?? "", "modelLayout": modelLayout?.rawValue ?? "",
      "output": output ?? "", "outputRange": outputRange ?? "",
    ].filter { !$0.value.isEmpty }
  }

  /// What is said of the model's input and output.
  private var reading: ScriptReading {
    get throws {
      ScriptReading(
        method: method, layout: modelLayout,
        range: try modelRange.map { try bounds($0, option: "--model-range") }, output: output,
        outputScale: try outputRange.map {
          $0 == "logits" ? .logits : .range(try bounds($0, option: "--output-range", or: "logits"))
        })
    }
  }

  /// Opens the model for the samples of a data set, on the samples' device.
  ///
  /// - Parameters:
  ///   - samples: all that there are.
  ///   - use: what the model shall give; nil where that is to be found out.
  /// - Throws: `ModelError`, `ScriptError`.
  func load(for dataset: Dataset, samples: Tensor, use: Output?) throws -> any Model {
    if let checkpoint {
      let model = try Checkpoint.read(checkpoint, device: samples.device).model
      guard model.sampleShape == dataset.sampleShape else {
        throw ModelError.checkpoint(
          path: checkpoint,
          "it takes samples of shape \(model.sampleShape), \(dataset.name) has \(dataset.sampleShape)")
      }
      return model
    }
    if let oracle { return try serve(oracle, samples: samples, use: use) }
    guard let model else { throw ValidationError("give --checkpoint, --model or --oracle") }
    return try Self.load(model, for: dataset, samples: samples, reading: reading, use: use)
  }

  /// Starts the process that serves a model. Its exceptions are told with their tracebacks, each once.
  private func serve(_ command: String, samples: Tensor, use: Output?) throws -> any Model {
    let reading = try reading
    let input = ScriptInput(
      sampleShape: Array(samples.shape.dropFirst()), range: reading.range ?? 0...1,
      layout: reading.layout ?? .nchw)
    let told = Mutex<Set<String>>([])
    let channel = try OracleChannel(command, sampleShape: input.modelShape, patience: oracleTimeout) { text in
      guard told.withLock({ $0.insert(text).inserted }) else { return }
      StandardError.write(text.hasSuffix("\n") ? text : text + "\n")
    }
    return try OracleModel(channel, input: input, scale: reading.outputScale, samples: samples, use: use)
  }

  /// Opens a user's model for the samples of a data set, on the samples' device.
  /// - Throws: `ScriptError`.
  static func load(
    _ path: String, for dataset: Dataset, samples: Tensor, reading: ScriptReading, use: Output?
  ) throws -> any Model {
    var reading = reading
    reading.likelyRanges = likelyRanges(dataset.encoding, samples)
    return try ScriptModel.load(path, samples: samples, reading: reading, for: use)
  }

  /// The ranges that models are trained on: the file's own, those of images, and that of samples standardised by their mean
  /// and deviation. The first is the usual one: the file's for floating-point data, else 0…1.
  private static func likelyRanges(_ encoding: SampleEncoding, _ samples: Tensor) -> [ClosedRange<Double>] {
    var all: [ClosedRange<Double>] = [0...1, -1...1, 0...255]
    if case .range(let range) = encoding.scale {
      let own = Double(range.lowerBound)...Double(range.upperBound)
      all.insert(own, at: encoding.elementType.isFloatingPoint ? 0 : all.count)
      // Bytes of a part of their range only are often divided by all of it.
      if encoding.elementType == .uint8 { all.append(own.lowerBound / 255...own.upperBound / 255) }
    }
    let mean = samples.mean().item
    let deviation = (samples - mean).square().mean().item.squareRoot()
    if deviation > 0, deviation.isFinite { all.append(-mean / deviation...(1 - mean) / deviation) }
    return all.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}

extension Model {
  /// Says on standard error what of a user's model was found out.
  func sayGuesses() {
    for guess in (self as? ScriptModel)?.guesses ?? [] { StandardError.write("\(name): \(guess)\n") }
  }
}
