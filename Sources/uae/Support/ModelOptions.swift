import ArgumentParser
import Attacks
import Augmentation
import Datasets
import Formats
import Foundation
import Models
import Torch

extension UserCriterion.Kind: ExpressibleByArgument {}
extension ScriptInput.Layout: ExpressibleByArgument {}

/// The model that a command works on: a checkpoint of ours or a TorchScript file of the user's.
struct ModelOptions: ParsableArguments {
  @Option(name: .long, help: "A checkpoint that `uae train` or `uae augment` wrote.")
  var checkpoint: String?

  @Option(name: .long, help: "A TorchScript file, as torch.jit.save writes it.")
  var model: String?

  @Option(
    name: .long,
    help: "With --model: \(UserCriterion.Kind.allCases.map(\.rawValue).joined(separator: ", ")).")
  var criterion = UserCriterion.Kind.reconstruction

  @Option(name: .long, help: "With --model: the method whose output the criterion takes.")
  var method = "forward"

  @Option(name: .long, help: "With --criterion targeted: the class, from 0.")
  var target: Int?

  @Option(name: .long, help: "With --criterion embedding: how far it may move, as a share of its length.")
  var tolerance = 0.1

  @Option(
    name: .long, parsing: .unconditional,
    help: "With --model: LO,HI, the range it was trained on (default: that of floating-point data, else 0,1)."
  )
  var modelRange: String?

  @Option(
    name: .long, help: "With --model: nchw, nhwc, nhw or flat (default: the first of them that it accepts).")
  var modelLayout: ScriptInput.Layout?

  @Option(
    name: .long, help: "With --model and --similarity mine: the submodule whose output gives the views.")
  var views: String?

  func validate() throws {
    guard tolerance > 0, tolerance.isFinite else {
      throw ValidationError("--tolerance is \(tolerance); it must be positive")
    }
    if checkpoint != nil, model != nil { throw ValidationError("give --checkpoint or --model, not both") }
    if let modelRange { _ = try bounds(modelRange, option: "--model-range") }
    if criterion == .targeted, target == nil {
      throw ValidationError("--criterion targeted needs --target CLASS")
    }
  }

  var userCriterion: UserCriterion {
    UserCriterion(criterion, method: method, target: target, tolerance: tolerance)
  }

  /// What of these options decides the results, for the run's identity.
  var identity: String {
    guard model != nil else { return "" }
    let options: [(String, String?)] = [
      ("criterion", criterion.rawValue), ("method", method), ("target", target.map(String.init)),
      ("tolerance", "\(tolerance)"), ("modelRange", modelRange), ("modelLayout", modelLayout?.rawValue),
      ("views", views),
    ]
    return options.map { "\($0): \($1 ?? "~")\n" }.joined()
  }

  /// Opens the model for the samples of a data set.
  func load(for dataset: Dataset, samples: Tensor) throws -> Subject {
    if let checkpoint {
      let model = try Checkpoint.read(checkpoint).model
      guard model.architecture.sampleShape == dataset.sampleShape else {
        throw RecipeError(
          "\(checkpoint) takes samples of shape \(model.architecture.sampleShape), \(dataset.name) has "
            + "\(dataset.sampleShape)")
      }
      return .checkpoint(checkpoint, model)
    }
    guard let model else { throw ValidationError("give --checkpoint or --model") }
    return .script(
      try ScriptModel.load(
        model, samples: samples, range: try range(for: dataset.encoding), layout: modelLayout, method: method),
      userCriterion)
  }

  private func range(for encoding: SampleEncoding) throws -> ClosedRange<Double> {
    if let modelRange { return try bounds(modelRange, option: "--model-range") }
    guard encoding.elementType.isFloatingPoint, case .range(let range) = encoding.scale else { return 0...1 }
    return Double(range.lowerBound)...Double(range.upperBound)
  }

  /// A model with what counts as a success against it.
  enum Subject {
    case checkpoint(String, any Autoencoder)
    case script(ScriptModel, UserCriterion)

    var path: String {
      switch self {
      case .checkpoint(let path, _): path
      case .script(let model, _): model.path
      }
    }

    /// SHA-256 of what the model is.
    func digest() throws -> String {
      switch self {
      case .checkpoint(_, let model): SHA256.digest(of: try Checkpoint(model).encoded())
      case .script(let model, _): try SHA256.digest(ofFile: model.path)
      }
    }

    /// What the criterion takes from the model.
    func output() throws -> (Tensor) throws -> Tensor {
      switch self {
      case .checkpoint(_, let model): { model($0) }
      case .script(let model, let criterion): try criterion.output(of: model)
      }
    }

    func criterion(kappa: Double) throws -> any Criterion {
      switch self {
      case .checkpoint(_, let model): Reconstruction(model, kappa: kappa)
      case .script(let model, let criterion): try criterion.make(on: model, kappa: kappa)
      }
    }
  }
}
