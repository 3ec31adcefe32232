import Formats
import MutualInformation
import Torch

/// A model that another process serves: its outputs and the pullback of their gradients, or its losses with their gradients.
public struct OracleModel: Model {
  public let name: String
  /// What it gives, as it says or as its first answer shows.
  public let outputs: Set<Output>
  /// The host, where its answers arrive.
  public let device: Device
  private let input: ScriptInput
  private let scale: OutputScale?
  private let channel: OracleChannel
  private let fingerprint: String

  public var sampleShape: [Int] { input.sampleShape }

  /// - Parameters:
  ///   - channel: to the process, greeted with the shape that `input` has.
  ///   - input: the form in which the model takes samples.
  ///   - scale: what the values of a reconstruction are; nil where that is the input's range.
  ///   - samples: `[count] + sampleShape`; the model is tried on some.
  ///   - use: what the model shall give, where it does not say; nil takes what has a sample's size for a reconstruction.
  /// - Throws: ``OracleError``, `ModelError` where the model gives something else.
  public init(
    _ channel: OracleChannel, input: ScriptInput, scale: OutputScale? = nil, samples: Tensor, use: Output?
  ) throws {
    self.channel = channel
    (self.input, self.scale) = (input, scale)
    (name, device) = (channel.name, samples.device)
    let few = samples[0..<min(2, samples.shape[0])]
    let encoded = withoutGrad { input.encode(few) }
    let output: Output
    if let known = channel.gives ?? use {
      output = known
    } else {
      let shape = try channel.outputs(encoded, isPulled: false).values.shape
      output = shape.first == few.shape[0] && shape.reduce(1, *) == few.count ? .reconstruction : .logits
    }
    outputs = [output]
    let given =
      output == .loss
      ? try channel.losses(encoded, encoded, isPulled: false).values
      : try channel.outputs(encoded, isPulled: false).values
    // Who gives other values for the same samples is another model.
    fingerprint = SHA256.digest(of: Array(name.utf8) + given.hostArray.bytes)
  }

  public func output(_ output: Output, of x: Tensor, original: Tensor) throws -> Tensor {
    guard outputs.contains(output) else { throw lacks(output) }
    let encoded = input.encode(x)
    let isPulled = isRecording && encoded.requiresGrad
    if output == .loss {
      let clean = withoutGrad { input.encode(original) }
      let (values, gradient) = try channel.losses(encoded, clean, isPulled: isPulled)
      guard let gradient else { return values.to(device) }
      let shape = [x.shape[0]] + encoded.shape.dropFirst().map { _ in 1 }
      return try values.to(device).attached(to: encoded) { weights in
        gradient.to(weights.device) * weights.reshaped(shape)
      }
    }
    let (values, call) = try channel.outputs(encoded, isPulled: isPulled)
    let y = try values.to(device).attached(to: encoded) { [channel] gradient in
      try channel.pull(gradient, encoded.detached(), call: call).to(gradient.device)
    }
    guard y.shape.first == x.shape[0] else { throw problem(y, x, "an output has one row a sample") }
    switch output {
    case .reconstruction:
      guard y.count == x.count else { throw problem(y, x, "a reconstruction has its input's size") }
      return input.decode(y, scale: scale)
    case .logits:
      guard y.shape.count == 2, y.shape[1] >= 2 else {
        throw problem(y, x, "classes are told by one row of logits each")
      }
      return y
    case .embedding, .projection, .loss: return y.flattened()
    }
  }

  private func problem(_ y: Tensor, _ x: Tensor, _ rule: String) -> OracleError {
    OracleError(name, "gives the shape \(y.shape) for \([x.shape[0]] + input.modelShape); \(rule)")
  }

  /// A model elsewhere has no parts to look into.
  public func views(_ name: String?, samples: Tensor) throws -> (any SampleViews)? {
    if let name { throw ModelError.noPart(self.name, name) }
    return nil
  }

  /// That of its command and of what it gives for the first samples.
  public func digest() throws -> String { fingerprint }
}
