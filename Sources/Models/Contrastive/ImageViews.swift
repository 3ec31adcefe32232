import Foundation
import Torch

/// Random views of images (Chen, Kornblith, Norouzi and Hinton 2020): a part brought to the size of the whole, turned left to
/// right, in other colours, or grey. Images lie in [0, 1], and so do their views.
///
/// Images of one channel have no saturation and no hue, and are grey already.
public struct ImageViews: Codable, Equatable, Sendable {
  /// The share of the image that a part has.
  public var area = 0.08...1.0
  /// Its width by its height, uniform in the logarithm.
  public var aspect = 3.0 / 4...4.0 / 3
  /// How a part is brought to the image's size.
  public var interpolation = Interpolation.bilinear
  /// How often an image is turned left to right.
  public var flips = 0.5
  /// How often its colours change.
  public var jitters = 0.8
  /// How far from 1 the factors of brightness, contrast and saturation go.
  public var brightness = 0.4
  /// How far from 1 the factor of contrast goes.
  public var contrast = 0.4
  /// How far from 1 the factor of saturation goes.
  public var saturation = 0.4
  /// How far from 0 the hue turns, in circles, at most ½.
  public var hue = 0.1
  /// How often it becomes grey.
  public var greys = 0.2

  /// The usual settings.
  public init() {}

  /// The random decisions for one view of one image.
  public struct Decisions: Equatable, Sendable {
    /// The part of the image.
    public var box: ImageBox
    /// Whether it is turned left to right.
    public var isFlipped = false
    /// The changes in their order, with their amounts; none for the colours as they are.
    public var changes: [(change: ColourChange, amount: Float)] = []
    /// Whether it becomes grey.
    public var isGrey = false

    /// A part of the image as it is.
    public init(_ box: ImageBox) { self.box = box }

    public static func == (a: Decisions, b: Decisions) -> Bool {
      a.box == b.box && a.isFlipped == b.isFlipped && a.isGrey == b.isGrey
        && a.changes.elementsEqual(b.changes) { $0 == $1 }
    }
  }

  /// How often a part is drawn anew that does not fit; then the whole image is the part.
  private static let tries = 10

  /// Decides on a view of an image of the given size by the stream's numbers from a position on; they take at most
  /// ``RandomViews/blocks`` blocks.
  public func decide(
    height: Int, width: Int, _ stream: RandomStream, position: UInt64 = 0
  ) -> Decisions {
    let draws = stream.uniform(4 * Self.tries + 13, position: position).map(Double.init)
    func between(_ range: ClosedRange<Double>, _ draw: Double) -> Double {
      range.lowerBound + (range.upperBound - range.lowerBound) * draw
    }
    let logarithms = log(aspect.lowerBound)...log(aspect.upperBound)
    var box = ImageBox(top: 0, left: 0, height: height, width: width)
    for attempt in 0..<Self.tries {
      let own = draws[4 * attempt..<4 * attempt + 4].map { $0 }
      let surface = between(area, own[0]) * Double(height * width)
      let ratio = exp(between(logarithms, own[1]))
      let w = Int((surface * ratio).squareRoot().rounded()), h = Int((surface / ratio).squareRoot().rounded())
      guard 1...width ~= w, 1...height ~= h else { continue }
      box = ImageBox(
        top: Int(own[2] * Double(height - h + 1)), left: Int(own[3] * Double(width - w + 1)), height: h,
        width: w)
      break
    }
    var decisions = Decisions(box)
    let rest = Array(draws[(4 * Self.tries)...])
    decisions.isFlipped = rest[0] < flips
    decisions.isGrey = rest[1] < greys
    guard rest[2] < jitters else { return decisions }
    let order = zip(rest[3..<7], ColourChange.allCases).sorted { $0.0 < $1.0 }.map(\.1)
    decisions.changes = order.map { change in
      let reach = [brightness, contrast, saturation, hue][change.rawValue]
      let middle = change == .hue ? 0.0 : 1
      let range = max(change == .hue ? -0.5 : 0, middle - reach)...middle + reach
      return (change, Float(between(range, rest[7 + change.rawValue])))
    }
    return decisions
  }

  /// The views that were decided on, one per image `[n, channels, height, width]`, differentiable in the images.
  public func callAsFunction(_ images: Tensor, _ decisions: [Decisions]) -> Tensor {
    let parts = cropped(
      images, decisions.map(\.box), flipped: decisions.map(\.isFlipped), by: interpolation)
    let coloured = recoloured(parts, decisions.map(\.changes))
    guard images.shape[1] == 3, decisions.contains(where: \.isGrey) else { return coloured }
    let isGrey = Tensor(decisions.map { $0.isGrey ? 1 : 0 }, [decisions.count, 1, 1, 1]).to(images.device)
    return `where`(isGrey .> 0, coloured.greyValues(), coloured)
  }

  /// Changes each image in its own order: in each round the images with the same change go through it together.
  private func recoloured(_ images: Tensor, _ changes: [[(change: ColourChange, amount: Float)]]) -> Tensor {
    var rows = changes.indices.filter { !changes[$0].isEmpty }
    guard !rows.isEmpty else { return images }
    let still = changes.indices.filter { changes[$0].isEmpty }
    var moving = images.gathered(rows)
    for round in 0..<(changes.map(\.count).max() ?? 0) {
      let groups = Dictionary(grouping: rows.indices) { changes[rows[$0]][round].change }
      let chosen = ColourChange.allCases.compactMap { change in groups[change].map { (change, $0) } }
      moving = concatenated(
        chosen.map { change, places in
          change(moving.gathered(places), places.map { changes[rows[$0]][round].amount })
        })
      rows = chosen.flatMap { _, places in places.map { rows[$0] } }
    }
    let all = still.isEmpty ? moving : concatenated([images.gathered(still), moving])
    var places = changes.indices.map { _ in 0 }
    for (place, row) in (still + rows).enumerated() { places[row] = place }
    return all.gathered(places)
  }
}
