import Torch

/// What i-Mix does with the first views of a batch (Lee, Zhu, Sohn, Li, Shin and Lee 2021): each is mixed with another one, and shall
/// be told from all second views as both of its partners, in the same shares.
package struct Mixture {
  /// The other view of each.
  let partners: [Int]
  /// λ of each, uniform in [0, 1), `[count]`.
  let shares: Tensor

  init(_ count: Int, _ random: RandomStream) {
    partners = random.permutation(count, position: 1 << 61)
    shares = Tensor(random.uniform(count, position: 1 << 60), [count])
  }

  package init(partners: [Int], shares: Tensor) {
    self.partners = partners
    self.shares = shares
  }

  /// λ x_i + (1 − λ) x_j of views `[count, …]`.
  package func callAsFunction(_ x: Tensor) -> Tensor {
    let share = shares.to(x.dtype).to(x.device).perSample(like: x)
    return share * x + (1 - share) * x.gathered(partners)
  }

  /// The mean over i of −λ log p(i) − (1 − λ) log p(j), where p is the softmax of the cosines / τ of mixture i and all second views.
  ///
  /// - Parameters:
  ///   - mixed, second: `[count, values]`.
  ///   - temperature: τ > 0.
  package func loss(_ mixed: Tensor, _ second: Tensor, temperature: Double) -> Tensor {
    let likeness = matmul(mixed.unitRows(), second.unitRows().transposed()) / temperature
    let logs = likeness - likeness.logSumExp(1, keepDimensions: true)
    func picked(_ places: [Int]) -> Tensor {
      let index = Tensor(places, [places.count, 1]).to(logs.device)
      return logs.gathered(1, index: index).reshaped([-1])
    }
    let share = shares.to(logs.dtype).to(logs.device)
    return -(share * picked(Array(partners.indices)) + (1 - share) * picked(partners)).mean()
  }
}
