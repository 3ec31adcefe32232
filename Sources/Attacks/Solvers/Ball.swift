import Torch

/// How the size of δ is measured where it is bounded or made small.
public enum Norm: String, CaseIterable, Sendable {
  /// max |δᵢ|.
  case linf
  /// ‖δ‖₂.
  case l2

  /// The norm of each row, `[size, …]` → `[size]`.
  func callAsFunction(_ delta: Tensor) -> Tensor {
    switch self {
    case .linf: delta.flattened().abs().max(1)
    case .l2: delta.scaledSampleNorms()
    }
  }
}

/// The samples within ε of those of a tile, in [0, 1], where only what a mask leaves free has changed.
struct Ball {
  let problem: Problem
  let norm: Norm
  let epsilon: Double

  init(_ problem: Problem, _ norm: Norm, _ epsilon: Double) {
    self.problem = problem
    self.norm = norm
    self.epsilon = epsilon
  }

  private var x: Tensor { problem.tile.originals }

  /// Which of its two bounds an iterate is brought into first; it matters for ‖·‖₂ alone.
  enum Order: String, CaseIterable, Sendable {
    /// As foolbox, torchattacks and AutoAttack do; the result lies within both.
    case ballFirst = "ball-first"
    /// As the Adversarial Robustness Toolbox and CleverHans do.
    case boxFirst = "box-first"
  }

  func projected(_ perturbed: Tensor, order: Order = .ballFirst) -> Tensor {
    switch norm {
    case .linf: return problem.projected(perturbed, epsilon: epsilon)
    case .l2:
      let free = problem.masked(perturbed)
      return order == .ballFirst
        ? nearEnough(free).clamped(0...1) : nearEnough(free.clamped(0...1)).clamped(0...1)
    }
  }

  /// x′ drawn towards x until ‖x′ − x‖₂ ≤ ε.
  private func nearEnough(_ perturbed: Tensor) -> Tensor {
    let delta = perturbed - x
    let norms = delta.scaledSampleNorms().clamped(atLeast: 1e-12)
    let scale = (epsilon / norms).clamped(0...1)
    return x + delta * scale.perSample(like: delta)
  }

  /// The step of length 1 that changes a loss most to first order: its gradient's signs, or the gradient over its length;
  /// 0 where the gradient is.
  func steepest(_ gradient: Tensor) -> Tensor {
    switch norm {
    case .linf: return gradient.sign()
    case .l2:
      let free = problem.tile.mask.map { gradient * ($0 .> 0).to(.float32) } ?? gradient
      return free / free.scaledSampleNorms().clamped(atLeast: 1e-12).perSample(like: free)
    }
  }

  /// A sample of the ball, uniform but for what lies outside [0, 1], which is clipped.
  ///
  /// - Parameter round: counts the independent draws of a sample.
  func random(_ round: Int) -> Tensor {
    let delta: Tensor
    switch norm {
    case .linf:
      delta = (problem.tile.drawn(round, .uniform) * 2 - 1) * epsilon
    case .l2:
      // Uniform in the ball: a direction, and a radius of which the d-th power is uniform.
      let direction = problem.tile.drawn(round, .normal)
      let size = Double(max(1, x.count / problem.tile.size))
      let radius = problem.tile.drawnRadius(round).pow(1 / size) * epsilon
      delta =
        direction
        * (radius / direction.scaledSampleNorms().clamped(atLeast: 1e-12)).perSample(like: direction)
    }
    return projected(x + delta)
  }
}

extension Tile {
  enum Distribution { case uniform, normal }

  /// One draw per value in each of several rounds, each row from its sample's stream.
  func drawn(_ round: Int, _ distribution: Distribution) -> Tensor {
    drawn { stream, length in
      let position = UInt64(round * Tile.blocks(length))
      return distribution == .uniform
        ? stream.uniform(length, position: position) : stream.normal(length, position: position)
    }
  }

  /// One uniform draw per row, of numbers that no value has: `[size]`.
  func drawnRadius(_ round: Int) -> Tensor {
    let length = originals.count / size
    let last = UInt64((round + 1) * Tile.blocks(length) - 1)
    let values = (0..<size).map { row in
      rows.contains(row) ? stream(row, .start).uniform(1, position: last)[0] : 0
    }
    return Tensor(values, [size]).to(originals.device)
  }

  /// The blocks of random numbers that a round of draws takes, the radius included.
  private static func blocks(_ length: Int) -> Int { (length + 3) / 4 + 1 }
}

extension Setting {
  static let norm = Setting.word("norm", Norm.linf, "the norm of x' - x that is bounded")
  /// ε of a ball of either norm.
  static func radius(_ usual: Double) -> Setting {
    .real("epsilon", usual, in: 0...1000, "ε, the largest norm of x' - x: at most 1 for linf")
  }
}

extension Choice {
  /// - Throws: ``RecipeError`` for a radius that the norm does not have.
  func ballSettings() throws -> (norm: Norm, epsilon: Double) {
    let norm = word("norm", usual: Norm.linf), epsilon = real("epsilon")
    guard norm != .linf || epsilon <= 1 else {
      throw RecipeError("epsilon is \(epsilon); with the norm linf it must be from 0 to 1")
    }
    return (norm, epsilon)
  }
}
