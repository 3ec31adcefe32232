// Searches by a criterion of one's own: what counts as a success is a function of each sample that is at most 0 there.
//
//     swift run own-criterion

import Attacks
import Datasets
import Models
import Torch

/// f(x') = mean(x) + gain − mean(x'): x' is brighter than x by `gain`.
struct Brighter: Criterion {
  let gain: Double

  func bind(_ tile: Tile) throws -> any BoundCriterion {
    Bound(target: tile.originals.flattened().mean(1) + gain)
  }

  private struct Bound: BoundCriterion {
    let target: Tensor
    func values(_ perturbed: Tensor) throws -> Tensor { target - perturbed.flattened().mean(1) }
  }
}

let digits = try DatasetLoader.load("digits", dataRoot: nil, options: .init(limit: 64))
let samples = digits.train.tensor(on: .cpu)

// As far from the original as can be, by the Euclidean distance, among all that is brighter by 0.1.
let attack = Attack(
  criterion: Brighter(gain: 0.1), similarity: Distance(),
  solver: try Solvers.make(Choice("switching"), start: .noise(sigma: 0.3)),
  seed: 1)
let found = try attack.run(samples, range: 0..<samples.shape[0], threads: 2)

let gains = (found.perturbed - samples).flattened().mean(1).floats
print("\(found.succeeded.count { $0 }) of \(found.count) samples are brighter by 0.1 or more")
precondition(zip(found.succeeded, gains).allSatisfy { !$0 || $1 >= 0.0999 }, "a claimed success is none")
precondition(found.successRate > 0.9, "the attack found next to nothing")
