import Foundation
import Models
import Testing
import Torch

/// The values are those of torchvision 0.28.0's v2 functional transforms.
@Suite struct RandomViewsTests {
  static let factors: [Float] = [0.6, 1.4, 0.93, 1.2]
  static let turns: [Float] = [0.1, -0.1, 0.03, -0.5]

  @Test(arguments: [
    (ColourChange.brightness, "brightness", 1e-6), (.contrast, "contrast", 1e-6),
    (.saturation, "saturation", 1e-6),
    (.hue, "hue", 1e-5),
  ])
  func coloursAreTorchvisions(_ change: ColourChange, _ name: String, _ tolerance: Double) throws {
    let x = try ContrastiveFixture.floats("x")
    let changed = change(x, change == .hue ? Self.turns : Self.factors)
    #expect(largestDifference(changed, try ContrastiveFixture.floats(name)) < tolerance)
  }

  @Test func imagesOfOneChannelHaveContrastAndNoHue() throws {
    let x = try ContrastiveFixture.floats("x").sliced(1, 0..<1)
    let contrast = ColourChange.contrast(x, Self.factors)
    #expect(largestDifference(contrast, try ContrastiveFixture.floats("one_contrast")) < 1e-6)
    #expect(largestDifference(ColourChange.hue(x, Self.turns), x) == 0)
    #expect(largestDifference(ColourChange.saturation(x, Self.factors), x) == 0)
  }

  private static let whole = ImageBox(top: 0, left: 0, height: 12, width: 10)

  @Test(arguments: Interpolation.allCases)
  func partsAreTorchvisions(_ interpolation: Interpolation) throws {
    var views = ImageViews()
    views.interpolation = interpolation
    let boxes = [
      Self.whole, ImageBox(top: 3, left: 2, height: 5, width: 4),
      ImageBox(top: 7, left: 0, height: 5, width: 10), ImageBox(top: 11, left: 9, height: 1, width: 1),
    ]
    let decisions = zip(boxes, [false, true, false, true]).map { box, flipped in
      var decisions = ImageViews.Decisions(box)
      decisions.isFlipped = flipped
      return decisions
    }
    let made = views(try ContrastiveFixture.floats("x"), decisions)
    #expect(largestDifference(made, try ContrastiveFixture.floats("crop_\(interpolation.rawValue)")) < 1e-5)
  }

  /// Each image goes through its own order of changes, whatever the others do.
  @Test func ordersAndGreyAreTorchvisions() throws {
    var decisions = [ImageViews.Decisions](repeating: .init(Self.whole), count: 4)
    decisions[0].changes = [(.brightness, 1.3), (.contrast, 0.7), (.saturation, 1.2), (.hue, 0.05)]
    decisions[1].changes = [(.saturation, 0.65), (.contrast, 1.35), (.hue, -0.08), (.brightness, 0.8)]
    decisions[3].changes = [(.hue, 0.02), (.saturation, 1.1), (.brightness, 0.9), (.contrast, 1.3)]
    decisions[3].isGrey = true
    let made = ImageViews()(try ContrastiveFixture.floats("x"), decisions)
    #expect(largestDifference(made, try ContrastiveFixture.floats("order")) < 1e-5)
  }

  private func sources(_ indices: [Int], position: UInt64 = 0) -> [RandomViews.Source] {
    indices.map { .init(RandomStream(seed: 3, purpose: .augmentation, index: $0), position: position) }
  }

  /// A view is a function of the sample and its stream: alone, in another order or in another batch it is the same to the bit.
  @Test(arguments: [RandomViews.images(ImageViews()), .rows(noise: 0.1, dropped: 0.3)])
  func viewsDependOnNothingElseInTheBatch(_ views: RandomViews) throws {
    let few = try ContrastiveFixture.floats("x")
    let x = concatenated([few, few * 0.5, few.square()])
    let together = views(x, sources(Array(0..<12)))
    for i in 0..<12 {
      let alone = views(x[i..<i + 1], sources([i]))
      #expect(largestDifference(alone, together[i..<i + 1]) == 0)
    }
    let order = [7, 2, 11, 0]
    #expect(largestDifference(views(x.gathered(order), sources(order)), together.gathered(order)) == 0)
    let others = views(x, sources(Array(0..<12), position: views.blocks([3, 12, 10])))
    #expect((0..<12).allSatisfy { largestDifference(others[$0..<$0 + 1], together[$0..<$0 + 1]) > 0 })
    #expect(together.dtype == .float32)
    #expect(together.reshaped([1, -1]).min(1).item >= 0 && together.reshaped([1, -1]).max(1).item <= 1)
  }

  /// Kolmogorov and Smirnov's distance of draws from the uniform distribution over a range.
  private func distance(_ draws: [Double], _ range: ClosedRange<Double>) -> Double {
    let sorted = draws.sorted(), count = Double(draws.count)
    return sorted.enumerated().map { i, value in
      let share = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
      return max(abs(share - Double(i) / count), abs(share - Double(i + 1) / count))
    }.max() ?? 1
  }

  /// 5,000 draws; the distance that a sample of a uniform distribution exceeds once in 1,000 times is 1.95 / √n.
  @Test func decisionsAreDrawnAsTheySay() {
    let views = ImageViews()
    let all = (0..<5000).map {
      views.decide(height: 320, width: 320, RandomStream(seed: 1, purpose: .augmentation, index: $0))
    }
    func limit(_ count: Int) -> Double { 1.95 / Double(count).squareRoot() }
    let jittered = all.filter { !$0.changes.isEmpty }
    for (change, range) in [
      (ColourChange.brightness, 0.6...1.4), (.contrast, 0.6...1.4), (.saturation, 0.6...1.4),
      (.hue, -0.1...0.1),
    ] {
      let amounts = jittered.compactMap { $0.changes.first { $0.change == change }.map { Double($0.amount) } }
      #expect(distance(amounts, range) < limit(amounts.count))
    }
    // Parts of at most half the image always fit, whatever their aspect.
    var small = views
    small.area = 0.1...0.5
    let boxes = (0..<5000).map {
      small.decide(height: 320, width: 320, RandomStream(seed: 2, purpose: .augmentation, index: $0)).box
    }
    #expect(
      distance(boxes.map { Double($0.width * $0.height) / (320 * 320) }, 0.1...0.5) < limit(5000) + 0.005)
    #expect(
      distance(boxes.map { log(Double($0.width) / Double($0.height)) }, log(0.75)...log(4.0 / 3))
        < limit(5000) + 0.01)
    func share(_ count: Int, _ expected: Double) -> Bool {
      abs(Double(count) / 5000 - expected) < 3.3 * (expected * (1 - expected) / 5000).squareRoot()
    }
    #expect(share(jittered.count, 0.8))
    #expect(share(all.count { $0.isFlipped }, 0.5))
    #expect(share(all.count { $0.isGrey }, 0.2))
    for change in ColourChange.allCases {
      #expect(share(jittered.count { $0.changes[0].change == change }, 0.8 / 4))
    }
  }

  /// Attacks go through the views: their gradient is that of finite differences.
  @Test func viewsAreDifferentiable() throws {
    let x = try ContrastiveFixture.doubles("x")[2..<3]
    let decisions = ImageViews().decide(
      height: 12, width: 10, RandomStream(seed: 5, purpose: .augmentation, index: 1))
    #expect(decisions.changes.count == 4)
    let weights = Tensor((0..<x.count).map { sin(Double($0)) }, x.shape)
    let leaf = x.requiringGrad()
    let gradient = try #require(try grad((ImageViews()(leaf, [decisions]) * weights).sum(), [leaf])[0])
      .doubles
    let values = x.doubles
    var worst = 0.0
    for i in stride(from: 0, to: values.count, by: 7) {
      let ends = [-1e-6, 1e-6].map { step in
        var moved = values
        moved[i] += step
        return (ImageViews()(Tensor(moved, x.shape), [decisions]) * weights).sum().item
      }
      worst = max(worst, abs((ends[1] - ends[0]) / 2e-6 - gradient[i]))
    }
    #expect(worst < 1e-6)
  }
}
