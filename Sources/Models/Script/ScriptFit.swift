import Formats
import Torch

/// Finds the reading of a user's autoencoder under which it rebuilds clean samples: layouts, ranges and outputs that were
/// not said are compared by that error.
struct ScriptFit {
  /// Samples that readings are compared on.
  static let samples = 16
  /// The share of the mean's error below which nothing else is tried, that which another reading must reach, and the share
  /// of the usual reading's error that it must reach.
  private static let good = 0.01
  private static let enough = 0.25
  private static let gain = 0.5
  /// The same where the usual reading is better than the mean, and the range of input and output another: that alone may
  /// flatter a model.
  private static let clearGain = 0.1

  private(set) var reading: ScriptReading
  let samples: Tensor
  private let mean: Double

  /// - Parameter samples: `[count] + sampleShape`, all there are.
  init(_ reading: ScriptReading, _ samples: Tensor) {
    self.reading = reading
    self.samples = CleanError.spread(samples, Self.samples)
    mean = CleanError(self.samples, of: self.samples).mean
  }

  private struct Candidate {
    var model: ScriptModel
    var error: Double
  }

  /// The first of the accepted forms of input, or another reading that is clearly better; its ``ScriptModel/guesses`` say
  /// what was taken.
  ///
  /// - Parameter accepted: one model for each layout that is accepted, the usual one first.
  /// - Throws: ``ScriptError`` where the output is the input itself, and another may be meant.
  func best(of accepted: [ScriptModel]) throws -> ScriptModel {
    guard var usual = accepted.first else { preconditionFailure("a model without an input") }
    var usualError = Double.infinity
    for (index, model) in accepted.enumerated() {
      let found = try self.usual(model)
      // In a layout that the model merely tolerates it may hand its input on.
      guard found.error < .infinity, index == 0 || !CleanError.isNone(found.error, mean) else { continue }
      (usual, usualError) = (found.model, found.error)
      if index > 0 {
        usual.guesses.append(
          "takes its input as \(model.input.layout.rawValue), since as \(accepted[0].input.layout.rawValue) its output has "
            + "another size; to say it: --model-layout \(model.input.layout.rawValue)")
      }
      break
    }
    guard samples.shape[0] > 1, mean > 0, usualError > Self.good * mean else { return usual }
    let others = accepted.flatMap { model in
      (reading.range.map { [$0] } ?? reading.likelyRanges).flatMap { candidates(model, range: $0) }
    }
    let better = others.filter { other in
      // With one scale for both, anything linear comes out better where the samples are centred; so it does under a
      // sigmoid, which is nearly linear there.
      let rescales =
        other.model.input.range != usual.input.range && [nil, .logits].contains(other.model.output.scale)
      let gain = rescales && usualError <= mean ? Self.clearGain : Self.gain
      return other.error < gain * usualError && other.error < Self.enough * mean
    }
    guard let least = better.map(\.error).min() else {
      if usualError > mean { usual.remedy = remedy(accepted) }
      return usual
    }
    // Of those that are about as good, the one with the least that is unusual: models may not care for a scale.
    let good = better.filter { $0.error <= max(2 * least, Self.good * mean) }
    guard let best = good.min(by: { departures($0.model, usual) < departures($1.model, usual) }) else {
      return usual
    }
    return explained(best, usual, usualError)
  }

  /// What to say in place of the ranges that were said, where something else does well.
  private func remedy(_ accepted: [ScriptModel]) -> String? {
    guard reading.range != nil || reading.outputScale != nil else { return nil }
    var free = self
    free.reading.range = nil
    free.reading.outputScale = nil
    let all = accepted.flatMap { model in
      reading.likelyRanges.flatMap { free.candidates(model, range: $0) }
    }
    guard let best = all.min(by: { $0.error < $1.error }), best.error < Self.enough * mean else { return nil }
    let output = best.model.output.scale.map { " --output-range \($0.option)" } ?? ""
    return "--model-range \(best.model.input.range.option)\(output)"
  }

  private func departures(_ model: ScriptModel, _ usual: ScriptModel) -> Int {
    [
      model.input.layout != usual.input.layout, model.input.range != usual.input.range,
      model.output.scale != usual.output.scale, model.output.place != usual.output.place,
    ].count { $0 }
  }

  /// A form of input with the output that is said, or the first that has as many values as a sample.
  private func usual(_ model: ScriptModel) throws -> Candidate {
    let tensors = try withoutGrad { try model.tensors(samples) }
    let fitting = tensors.indices.filter { fits(tensors[$0].tensor) }
    let place = reading.output == nil ? fitting.first ?? 0 : model.output.place
    guard tensors.indices.contains(place), fits(tensors[place].tensor) else {
      return Candidate(model: model, error: .infinity)
    }
    let others = fitting.filter { !isInput(tensors[$0].tensor, model) }
    if reading.output == nil, isInput(tensors[place].tensor, model), let other = others.first {
      throw ScriptError(
        model.path,
        "output \(place) of '\(model.method)' is the input itself; which of the others is the reconstruction? "
          + "(--output \(tensors[other].name))")
    }
    var chosen = model
    chosen.output.place = place
    if reading.output == nil, tensors.count > 1 {
      let name = tensors[place].name == "\(place)" ? "" : " ('\(tensors[place].name)')"
      chosen.guesses.append(
        "output \(place)\(name), the first of \(tensors.count) that has a sample's size, is taken for the "
          + "reconstruction; --output takes another")
    }
    return Candidate(model: chosen, error: error(tensors[place].tensor, chosen))
  }

  /// All readings of one layout and range.
  private func candidates(_ model: ScriptModel, range: ClosedRange<Double>) -> [Candidate] {
    let model = model.with(model.input.with(range: range))
    guard let tensors = try? withoutGrad({ try model.tensors(samples) }) else { return [] }
    let places =
      reading.output != nil
      ? [model.output.place]
      : tensors.indices.filter {
        fits(tensors[$0].tensor) && !isInput(tensors[$0].tensor, model)
      }
    let scales: [OutputScale?] =
      reading.outputScale.map { [$0] }
      ?? [nil] + reading.likelyRanges.filter { $0 != range }.map { .range($0) } + [.logits]
    return places.filter(tensors.indices.contains).flatMap { place in
      scales.map { scale in
        var other = model
        other.output = ScriptOutput(place: place, scale: scale)
        return Candidate(model: other, error: error(tensors[place].tensor, other))
      }
    }
  }

  /// Whether a tensor may be a reconstruction.
  private func fits(_ y: Tensor) -> Bool {
    y.count == samples.count && y.shape.first == samples.shape[0] && !y.dtype.isComplex
  }

  private func isInput(_ y: Tensor, _ model: ScriptModel) -> Bool {
    fits(y)
      && (y.to(.float32).reshaped([-1]) - model.input.encode(samples).to(.float32).reshaped([-1]))
        .abs().sum().item == 0
  }

  private func error(_ y: Tensor, _ model: ScriptModel) -> Double {
    guard fits(y) else { return .infinity }
    let error = withoutGrad {
      (model.input.decode(y, scale: model.output.scale) - samples).square().mean().item
    }
    return error.isFinite ? error : .infinity
  }

  /// The better reading with a line that says what it is, why, and how to say it for certain.
  private func explained(_ best: Candidate, _ usual: ScriptModel, _ usualError: Double) -> ScriptModel {
    var taken: [String] = []
    var options: [String] = []
    let (input, output) = (best.model.input, best.model.output)
    if input.layout != usual.input.layout {
      taken.append("its input as \(input.layout.rawValue)")
      options.append("--model-layout \(input.layout.rawValue)")
    }
    if input.range != usual.input.range {
      taken.append("its input in \(input.range.shortText)")
      options.append("--model-range \(input.range.option)")
    }
    if let scale = output.scale, scale != usual.output.scale {
      options.append("--output-range \(scale.option)")
      switch scale {
      case .logits: taken.append("its output as logits, whose sigmoid is the sample")
      case .range(let range):
        taken.append("its output in \(range.shortText)")
      }
    }
    if output.place != usual.output.place {
      taken.append("output \(output.place) for the reconstruction")
      options.append("--output \(output.place)")
    }
    var model = best.model
    model.guesses =
      (output.place == usual.output.place ? usual.guesses : best.model.script.remarks) + [
        "takes \(taken.joined(separator: ", ")): clean samples are rebuilt with an error of "
          + "\(best.error.text(.general(3))), else \(usualError.text(.general(3))); to say it: \(options.joined(separator: " "))"
      ]
    return model
  }
}
