import Formats
import Models
import Torch

/// The learned perceptual distance ST-LPIPS (Ghildyal and Liu, ECCV 2022): differences of the unit feature vectors of AlexNet's
/// five convolutions, whose poolings are blurred so that shifts matter little, weighted as people judge them.
///
/// The weights are published, not ours, and never needed: `Scripts/st-lpips.py` puts them into `.deps`.
public struct PerceptualDistance: Sendable {
  /// A side of the smallest image that the network's mirrored edges fit into.
  public static let smallestSide = 22

  /// A convolution: its name in the file, the shape of its weight, the zeros on each side.
  private static let convolutions = [
    (name: "net.slice1.0", shape: [64, 3, 11, 11], padding: 2),
    (name: "net.slice2.5", shape: [192, 64, 5, 5], padding: 2),
    (name: "net.slice3.9", shape: [384, 192, 3, 3], padding: 1),
    (name: "net.slice4.11", shape: [256, 384, 3, 3], padding: 1),
    (name: "net.slice5.13", shape: [256, 256, 3, 3], padding: 1),
  ]

  private let weights: [(weight: Tensor, bias: Tensor)]
  /// How much each channel's difference counts, `[1, channels, 1, 1]` for each convolution.
  private let importance: [Tensor]
  private let shift: Tensor
  private let scale: Tensor
  private let blur: Tensor

  /// - Parameter path: the file that `Scripts/st-lpips.py` writes.
  /// - Throws: `FormatError` for a damaged file; ``RecipeError`` for one that holds something else.
  public init(_ path: String, device: Device) throws {
    let file = try Safetensors.open(path)
    func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
      let array = try file.array(name)
      guard array.shape == shape else {
        throw RecipeError(
          "\(path): \(name) has the shape \(array.shape), not \(shape): no weights of ST-LPIPS")
      }
      return Tensor(array).to(device)
    }
    weights = try Self.convolutions.map { layer in
      (try tensor(layer.name + ".weight", layer.shape), try tensor(layer.name + ".bias", [layer.shape[0]]))
    }
    importance = try Self.convolutions.enumerated().map { place, layer in
      try tensor("lin\(place).model.1.weight", [1, layer.shape[0], 1, 1])
    }
    shift = try tensor("scaling_layer.shift", [1, 3, 1, 1])
    scale = try tensor("scaling_layer.scale", [1, 3, 1, 1])
    blur = (Tensor([Float(1), 2, 1, 2, 4, 2, 1, 2, 1], [1, 1, 3, 3]) / 16).to(device)
  }

  /// That of the weights that are at hand.
  ///
  /// - Parameter shape: `[channels, height, width]` of the images.
  /// - Returns: nil without weights, and for samples that it cannot be taken of.
  public static func installed(for shape: [Int], on device: Device) -> PerceptualDistance? {
    guard takes(shape), let path = NativeLibrary.companion("st-lpips.safetensors") else { return nil }
    return try? PerceptualDistance(path, device: device)
  }

  static func takes(_ shape: [Int]) -> Bool {
    shape.count == 3 && [1, 3].contains(shape[0]) && min(shape[1], shape[2]) >= smallestSide
  }

  /// The distance of each pair of images, `[batch, 1 or 3, height, width]` in [0, 1] twice → `[batch]`; differentiable.
  public func callAsFunction(_ x: Tensor, _ y: Tensor) -> Tensor { self(features(x), features(y)) }

  func callAsFunction(_ x: [Tensor], _ y: [Tensor]) -> Tensor {
    zip(zip(x, y), importance).map { pair, importance in
      ((pair.0 - pair.1).square() * importance).sum(1).mean(1, 2)
    }.reduce(Tensor(0).to(shift.device)) { $0 + $1 }
  }

  /// The unit feature vectors of each place behind each convolution.
  func features(_ x: Tensor) -> [Tensor] {
    let colours = x.shape[1] == 3 ? x : x.expanded([x.shape[0], 3] + x.shape.dropFirst(2))
    var map = (colours * 2 - 1 - shift) / scale
    return Self.convolutions.enumerated().map { place, layer in
      if place == 1 || place == 2 { map = blurred(maxPool2d(map, 3, stride: 1)) }
      map = conv2d(map, weights[place].weight, weights[place].bias, padding: layer.padding)
      if place == 0 { map = blurred(map) }
      map = map.relu()
      // Not the square root of 0, which has no gradient.
      return map / ((map.square().sum(1, keepDimensions: true) + 1e-20).sqrt())
    }
  }

  /// Every second pixel of the blurred image.
  private func blurred(_ x: Tensor) -> Tensor {
    let wide = mirrorPadded(x, 2), shape = wide.shape
    let smaller = conv2d(wide.reshaped([shape[0] * shape[1], 1, shape[2], shape[3]]), blur, stride: 2)
    return smaller.reshaped([shape[0], shape[1]] + smaller.shape.dropFirst(2))
  }
}

/// −ST-LPIPS(x, x′): the more alike to the eye, the larger.
public struct PerceptualLikeness: Similarity {
  public let bytesPerSample = 0
  private let distance: PerceptualDistance

  /// The likeness by a distance.
  public init(_ distance: PerceptualDistance) { self.distance = distance }

  public func bind(_ tile: Tile) -> any BoundSimilarity {
    let originals = withoutGrad { distance.features(tile.originals) }
    return Differentiated { [distance] in -distance(originals, distance.features($0)) }
  }
}

extension RegisteredSimilarity {
  static let perceptual = RegisteredSimilarity(
    "perceptual",
    "minus a learned perceptual distance of images (ST-LPIPS; Scripts/st-lpips.py gets its weights)",
    limit: .atMost, settings: []
  ) { context, _ in
    let shape = context.model.sampleShape
    guard PerceptualDistance.takes(shape) else {
      throw RecipeError(
        "the similarity 'perceptual' is for images of 1 or 3 channels and at least 22×22, not for samples of shape \(shape)"
      )
    }
    guard let distance = PerceptualDistance.installed(for: shape, on: context.model.device) else {
      throw RecipeError(
        "the similarity 'perceptual' needs weights that are not here: run python3 Scripts/st-lpips.py once")
    }
    return PerceptualLikeness(distance)
  }
}
