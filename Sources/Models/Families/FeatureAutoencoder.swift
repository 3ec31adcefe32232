import Torch

/// Rebuilds a sample from k of its values: k → 200 → d (ReLU, sigmoid), mean squared error, Adam with learning rate 1e-3. It reads
/// nothing of the other values.
///
/// What a selector of features leaves behind: a concrete autoencoder at its end (Abid, Balin, Zou 2019), or the same
/// decoder for features that were chosen otherwise. The code is the chosen values; by default they lie evenly spaced.
public struct FeatureAutoencoder: Autoencoder {
  /// The family, and the sizes.
  public let architecture: Architecture
  public let encoder: Sequential
  public let decoder: Sequential
  private let chosen: ChosenValues

  /// Width of the hidden layer.
  public static let hidden = 200

  /// - Throws: ``ModelError/unsuitable(_:_:_:)`` where a sample has fewer values than are chosen.
  public init(_ architecture: Architecture, _ random: inout ParameterInitializer) throws {
    let (d, k) = (architecture.sampleSize, architecture.code)
    guard k <= d else {
      throw ModelError.unsuitable(
        architecture.family, architecture.sampleShape, "it cannot choose \(k) of \(d) values")
    }
    self.architecture = architecture
    chosen = ChosenValues((0..<k).map { $0 * d / k }, device: random.device)
    encoder = Sequential("encoder", [Flatten(), chosen])
    decoder = Sequential(
      "decoder",
      [
        Linear(k, Self.hidden, &random), Activation.relu, Linear(Self.hidden, d, &random), Activation.sigmoid,
        Unflatten(architecture.sampleShape),
      ])
  }

  /// The places of the values that it reads, in the order of the code.
  public var features: [Int] { chosen.indices.ints }

  /// Chooses other values, for every copy of this model.
  ///
  /// - Precondition: as many as the code is long, each a place within a sample.
  public func choose(_ features: [Int]) {
    precondition(
      features.count == architecture.code && features.allSatisfy { 0..<architecture.sampleSize ~= $0 },
      "\(features.count) places do not fit a code of \(architecture.code) of \(architecture.sampleSize)")
    withoutGrad {
      chosen.indices.assign(Tensor(features, [features.count]).to(.float32).to(chosen.indices.device))
    }
  }

  /// Moves the decoder's last bias to where it gives a mean sample, whatever it reads, but for the weights.
  ///
  /// - Parameter mean: `[d]`, in [0, 1].
  public func begin(at mean: Tensor) {
    guard let bias = decoder.parameters.last?.tensor else { return }
    let inner = mean.clamped(0.001...0.999)
    withoutGrad { bias.assign((inner / (1 - inner)).log()) }
  }

  /// 1 where a value is read, `[1] + sampleShape`.
  public var readValues: Tensor? {
    var mask = [Float](repeating: 0, count: architecture.sampleSize)
    for feature in features { mask[feature] = 1 }
    return Tensor(mask, [1] + architecture.sampleShape).to(device)
  }

  public var objectives: [Objective] {
    [
      Objective("reconstruction", parameters.map(\.tensor), .adam(learningRate: 1e-3)) { batch, _ in
        mseLoss(self(batch.samples), batch.targets)
      }
    ]
  }
}

/// The values at some places of a sample, `[batch, d]` → `[batch, k]`; the places are a buffer, as float32.
struct ChosenValues: Layer {
  let indices: Tensor

  init(_ places: [Int], device: Device) {
    indices = Tensor(places, [places.count]).to(.float32).to(device)
  }

  var buffers: [NamedTensor] { [NamedTensor("features", indices)] }

  func callAsFunction(_ x: Tensor, _ pass: inout Pass) -> Tensor { x.columns(indices) }

  func write(_ script: inout ScriptMethod, as name: String) {
    let input = script.present
    script.apply("to", "dtype", script.field(name, "features"), .type(.int64))
    script.apply("index_select", "", input, .int(1), script.present)
  }
}

extension ModelFamily {
  /// d values from k of them.
  public static let features = ModelFamily(
    "feature-autoencoder", "d values from k of them (evenly spaced, unless `uae select` chose them)",
    outputs: [.reconstruction, .embedding], epochs: 20,
    usualCode: { min(50, max(1, $0.reduce(1, *) / 4)) }
  ) { try FeatureAutoencoder($0, &$1) }
}
