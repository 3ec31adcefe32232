import ArgumentParser
import Attacks
import Datasets
import Foundation
import Models
import Torch

extension ScriptInput.Layout: ExpressibleByArgument {}

/// The model that a command works on: a checkpoint of ours or a TorchScript file of the user's.
struct ModelOptions: ParsableArguments {
  @Option(name: .long, help: "A checkpoint that `uae train` or `uae augment` wrote.")
  var checkpoint: String?

  @Option(name: .long, help: "A TorchScript file, as torch.jit.save writes it.")
  var model: String?

  @Option(name: .long, help: "With --model: the method whose output the criterion takes.")
  var method = "forward"

  @Option(
    name: .long, parsing: .unconditional,
    help: "With --model: LO,HI, the range it was trained on (default: that of floating-point data, else 0,1)."
  )
  var modelRange: String?

  @Option(
    name: .long, help: "With --model: nchw, nhwc, nhw or flat (default: the first of them that it accepts).")
  var modelLayout: ScriptInput.Layout?

  func validate() throws {
    if checkpoint != nil, model != nil { throw ValidationError("give --checkpoint or --model, not both") }
    if let modelRange { _ = try bounds(modelRange, option: "--model-range") }
    guard model == nil else { return }
    for (option, isGiven) in [
      ("--method", method != "forward"), ("--model-range", modelRange != nil),
      ("--model-layout", modelLayout != nil),
    ] where isGiven { throw ValidationError("\(option) would be ignored: it belongs to --model") }
  }

  /// What of these options decides the results, for the run's identity.
  var identity: [String: String] {
    guard model != nil else { return [:] }
    return ["method": method, "modelRange": modelRange ?? "", "modelLayout": modelLayout?.rawValue ?? ""]
      .filter { !$0.value.isEmpty }
  }

  /// Opens the model for the samples of a data set, on the samples' device.
  /// - Throws: `ModelError`, `ScriptError`.
  func load(for dataset: Dataset, samples: Tensor) throws -> any Model {
    if let checkpoint {
      let model = try Checkpoint.read(checkpoint, device: samples.device).model
      guard model.sampleShape == dataset.sampleShape else {
        throw ModelError.checkpoint(
          path: checkpoint,
          "it takes samples of shape \(model.sampleShape), \(dataset.name) has \(dataset.sampleShape)")
      }
      return model
    }
    guard let model else { throw ValidationError("give --checkpoint or --model") }
    return try ScriptModel.load(
      model, samples: samples, range: range(for: dataset.encoding), layout: modelLayout, method: method)
  }

  private func range(for encoding: SampleEncoding) throws -> ClosedRange<Double> {
    if let modelRange { return try bounds(modelRange, option: "--model-range") }
    guard encoding.elementType.isFloatingPoint, case .range(let range) = encoding.scale else { return 0...1 }
    return Double(range.lowerBound)...Double(range.upperBound)
  }
}
