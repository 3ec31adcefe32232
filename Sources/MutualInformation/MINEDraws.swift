import Foundation
import Torch

/// The permutations of a group of samples, the same as the native kernel's: number n of a purpose is drawn from block
/// n · ⌈K/4⌉ on of the sample's stream.
struct MINEDraws {
  let seed: UInt64
  let indices: [Int]
  let views: Int
  let device: Device

  var samples: Int { indices.count }

  func permutations(_ purpose: RandomStream.Purpose, number: Int) -> Permutations {
    let position = UInt64(number) * UInt64((views + 3) / 4)
    let lists = indices.map {
      RandomStream(seed: seed, purpose: purpose, index: $0).permutation(views, position: position)
    }
    return Permutations(forward: index(lists), inverse: index(lists.map(inverted)))
  }

  private func inverted(_ permutation: [Int]) -> [Int] {
    var inverse = permutation
    for (k, other) in permutation.enumerated() { inverse[other] = k }
    return inverse
  }

  private func index(_ lists: [[Int]]) -> Tensor {
    Tensor(lists.flatMap { $0 }, [samples, views, 1]).to(device)
  }

  /// One permutation of the views a sample.
  struct Permutations {
    fileprivate let forward: Tensor
    fileprivate let inverse: Tensor

    /// Row k of the result is row π(k) of `rows` `[samples, K, H]`.
    func apply(_ rows: Tensor) -> Tensor { rows.gathered(1, index: forward.expanded(rows.shape)) }
    /// Row π(k) of the result is row k of `rows` `[samples, K, H]`.
    func undo(_ rows: Tensor) -> Tensor { rows.gathered(1, index: inverse.expanded(rows.shape)) }
  }
}

/// I = mean_k T(x_k, y_k) − log mean_k exp T(x_k, y_π(k)) `[samples]`, from T `[samples, K]` of the joint and of the
/// marginal pairs (Donsker and Varadhan 1983).
func donskerVaradhan(joint: Tensor, marginal: Tensor) -> Tensor {
  joint.mean(1) - marginal.logSumExp(1) + log(Double(marginal.shape[1]))
}
