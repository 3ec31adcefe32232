import Torch

/// A change of an image's colours; images are `[n, channels, height, width]` in [0, 1], of one channel or of three (red, green,
/// blue). The definitions are torchvision's; each is differentiable.
public enum ColourChange: Int, CaseIterable, Sendable {
  /// All values times a factor.
  case brightness
  /// Towards or away from the mean of the grey image.
  case contrast
  /// Towards or away from the grey image.
  case saturation
  /// Along the circle of colours.
  case hue

  /// Whether images of one channel have what it changes.
  var suitsGrey: Bool { self == .brightness || self == .contrast }

  /// - Parameter amounts: one per image: a factor, or for the hue a turn in −½…½ of the circle.
  public func callAsFunction(_ images: Tensor, _ amounts: [Float]) -> Tensor {
    let amount = Tensor(amounts, [amounts.count, 1, 1, 1]).to(images.dtype).to(images.device)
    guard suitsGrey || images.shape[1] == 3 else { return images }
    func blended(with base: Tensor) -> Tensor { (amount * images + (1 - amount) * base).clamped(0...1) }
    return switch self {
    case .brightness: (amount * images).clamped(0...1)
    case .contrast: blended(with: images.greyValues().mean(1, 2, 3, keepDimensions: true))
    case .saturation: blended(with: images.greyValues())
    case .hue: images.turningHues(by: amount)
    }
  }
}

extension Tensor {
  /// The brightness of each pixel, `[n, 1, height, width]`: the luma of ITU-R 601 where there are three channels.
  public func greyValues() -> Tensor {
    guard shape[1] == 3 else { return self }
    let shares: [Float] = [0.2989, 0.587, 0.114]
    return (self * Tensor(shares, [1, 3, 1, 1]).to(dtype).to(device)).sum(1, keepDimensions: true)
  }

  /// Keeps the largest and the smallest of a pixel's three values and turns its hue.
  fileprivate func turningHues(by turns: Tensor) -> Tensor {
    let value = self.max(1, keepDimensions: true)
    let chroma = value - self.min(1, keepDimensions: true)
    let isGrey = chroma .== 0
    let one = Tensor.full([], 1, dtype: dtype, device: device)
    // (value − red, green, blue) / chroma, from which the hue in sixths of the circle.
    let below = (value - self) / `where`(isGrey, one, chroma)
    let (red, green, blue) = (below.sliced(1, 0..<1), below.sliced(1, 1..<2), below.sliced(1, 2..<3))
    let isRed = sliced(1, 0..<1) .== value, isGreen = sliced(1, 1..<2) .== value
    let sixths = `where`(isRed, blue - green, `where`(isGreen, red - blue + 2, green - red + 4))
    let hue = sixths / 6 + turns
    // Red, green and blue lie 5, 3 and 1 sixths further on (Smith 1978, in its closed form).
    let further = hue * 6 + Tensor([5, 3, 1] as [Float], [1, 3, 1, 1]).to(dtype).to(device)
    let k = further - (further / 6).detached().floor() * 6
    return value - chroma * k.minimum(4 - k).clamped(0...1)
  }
}
