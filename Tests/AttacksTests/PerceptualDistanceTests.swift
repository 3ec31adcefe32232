import Attacks
import Testing
import Torch

/// The learned perceptual distance against values that the wheel's own Python package gave for the same images in float64, once,
/// by `LPIPS(net="alex", variant="shift_tolerant")(x, y, normalize=True)` with a single channel repeated.
@Suite(
  .enabled(
    if: NativeLibrary.companion("st-lpips.safetensors") != nil,
    "Scripts/st-lpips.py has not got the weights of ST-LPIPS"))
struct PerceptualDistanceTests {
  static let recorded: [(shape: [Int], near: Double, far: Double)] = [
    ([1, 28, 28], 0.001957074457776965, 0.703983684721336),
    ([3, 32, 32], 0.002732956606275595, 0.4992650235391032),
    ([3, 40, 56], 0.008280057600925282, 0.2022731719993213),
  ]

  /// Values (i · step + offset mod 251) / 250.
  static func image(_ shape: [Int], step: Int, offset: Int) -> Tensor {
    let count = shape.reduce(1, *)
    return Tensor((0..<count).map { Float(($0 * step + offset) % 251) / 250 }, [1] + shape)
  }

  @Test(arguments: recorded.indices)
  func itHasTheValuesOfThePublishedPackage(_ place: Int) throws {
    let (shape, near, far) = Self.recorded[place]
    let distance = try #require(PerceptualDistance.installed(for: shape, on: .cpu))
    func value(_ a: (step: Int, offset: Int), _ b: (step: Int, offset: Int)) -> Double {
      withoutGrad {
        distance(
          Self.image(shape, step: a.step, offset: a.offset), Self.image(shape, step: b.step, offset: b.offset)
        ).doubles[0]
      }
    }
    #expect(abs(value((7919, 3), (7919, 5)) - near) < 1e-5 * max(1, near / 1e-3))
    #expect(abs(value((1, 0), (3, 0)) - far) < 1e-5)
    #expect(value((1, 0), (1, 0)) == 0)
  }

  @Test func aPairsDistanceDoesNotDependOnTheBatchAndItsColumnIsThere() throws {
    let shape = [1, 28, 28]
    let x = concatenated([Self.image(shape, step: 1, offset: 0), Self.image(shape, step: 7919, offset: 3)])
    let y = concatenated([Self.image(shape, step: 3, offset: 0), Self.image(shape, step: 7919, offset: 5)])
    let column = try #require(ExampleDistances(x, y).perceptual)
    #expect(abs(Double(column[0]) - 0.703983684721336) < 1e-5)
    #expect(abs(Double(column[1]) - 0.001957074457776965) < 1e-5)
    #expect(ExampleDistances(x[0..<1], y[0..<1]).means(over: [0])["perceptual"] == Double(column[0]))
  }

  @Test func theLikenessHasTheGradientOfFiniteDifferences() throws {
    let shape = [1, 28, 28]
    let distance = try #require(PerceptualDistance.installed(for: shape, on: .cpu))
    let x = Self.image(shape, step: 1, offset: 0), y = Self.image(shape, step: 7919, offset: 3)
    let tile = Tile(x, number: 0, size: 1, range: 0..<1, seed: 1)
    var bound = PerceptualLikeness(distance).bind(tile)
    let (values, gradient) = try bound.evaluate(y, iteration: 0)
    #expect(abs(values.doubles[0] + withoutGrad { distance(x, y).doubles[0] }) < 1e-6)
    // Along the gradient itself: single pixels change the value by less than its rounding.
    let length = gradient.sampleNorms().doubles[0]
    func along(_ step: Double) throws -> Double {
      try bound.evaluate(y + gradient * (step / length), iteration: 0).values.doubles[0]
    }
    let slope = (try along(0.05) - along(-0.05)) / 0.1
    #expect(abs(slope - length) < 0.05 * length, "\(slope), \(length)")
    // Of an image from itself the gradient is 0, and not none.
    #expect(try bound.evaluate(x, iteration: 0).gradient.floats.allSatisfy { $0 == 0 })
  }
}

@Suite struct PerceptualDistanceMessageTests {
  @Test func samplesThatAreNoImagesOrTooSmallAreRefusedInALine() {
    for shape in [[12], [1, 8, 8], [4, 32, 32]] {
      let error = #expect(throws: RecipeError.self) {
        try Similarities.make(
          Choice("perceptual"), on: MeasuresOfDistanceTests.Blank(sampleShape: shape),
          samples: Tensor.zeros([1] + shape, device: .cpu), seed: 1)
      }
      #expect(error?.description.contains("at least 22×22") == true)
    }
  }
}
