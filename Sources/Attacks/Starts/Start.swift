import Torch

/// Where a solver begins.
public protocol Start: Sendable {
  /// The first iterates of a tile `[size, …]` in [0, 1], drawn from the streams of its samples.
  func perturbed(_ tile: Tile) -> Tensor
  /// How many other samples of the set a start draws on.
  var partners: Int { get }
}

extension Start {
  public var partners: Int { 0 }
}

/// A start that can be chosen by name.
public struct RegisteredStart: RegistryEntry {
  /// What `--start` calls it.
  public let name: String
  public let summary: String
  /// What it can be told.
  public let settings: [Setting]
  let make: @Sendable (Choice) -> any Start

  init(
    _ name: String, _ summary: String, settings: [Setting] = [],
    make: @escaping @Sendable (Choice) -> any Start
  ) {
    self.name = name
    self.summary = summary
    self.settings = settings
    self.make = make
  }
}

/// All starts; a new one is a file with an entry, and a line here.
public enum Starts {
  /// Every start there is.
  public static let registry = Registry<RegisteredStart>(
    "start", [.noise, .zero, .mix, .difference, .glorot])

  /// The start that a choice describes.
  /// - Throws: ``RecipeError``.
  public static func make(_ choice: Choice) throws -> any Start {
    try registry.named(choice.name).make(registry.complete(choice))
  }
}

extension Tile {
  /// One draw per value, each row from its sample's stream.
  func drawn(_ draw: (RandomStream, Int) -> [Float]) -> Tensor {
    let length = originals.count / size
    var values = [Float](repeating: 0, count: originals.count)
    for row in rows {
      values.replaceSubrange(row * length..<(row + 1) * length, with: draw(stream(row, .start), length))
    }
    return Tensor(values, originals.shape).to(originals.device)
  }

  /// For each row another sample of the set, each of the others as likely; 0 for rows without a sample.
  ///
  /// - Parameters:
  ///   - choice: which of the row's independent choices.
  ///   - taken: for each row one more index that is not to be chosen, besides the row's own.
  func partners(_ choice: Int = 0, besides taken: [Int]? = nil) -> [Int] {
    let count = set.shape[0]
    return (0..<size).map { row -> Int in
      let own = firstIndex + row, free = count - (taken == nil ? 1 : 2)
      guard rows.contains(row), free > 0 else { return 0 }
      let uniform = Double(stream(row, .partner).uniform(1, position: UInt64(choice))[0])
      let drawn = min(Int(uniform * Double(free)), free - 1)
      // Steps over the sample itself, and over the one already taken, around the circle of indices.
      guard let other = taken?[row] else { return (own + 1 + drawn) % count }
      let place = (other - own - 1 + count) % count
      return (own + 1 + drawn + (drawn >= place ? 1 : 0)) % count
    }
  }
}
