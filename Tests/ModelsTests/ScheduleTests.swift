import Foundation
import Models
import Testing

@Suite struct ScheduleTests {
  private func expect(_ schedule: LearningRateSchedule, _ expected: [Double]) {
    let factors = expected.indices.map(schedule.factor)
    #expect(zip(factors, expected).allSatisfy { abs($0 - $1) < 1e-12 }, "\(factors) is not \(expected)")
  }

  /// The values are those of PyTorch 2.13.0: CosineAnnealingLR, StepLR, ExponentialLR.
  @Test func schedulesArePyTorchs() {
    expect(
      .cosine(steps: 6),
      [1, 0.9330127018922194, 0.75, 0.5, 0.2500000000000001, 0.06698729810778065, 0])
    expect(.staircase(every: 3, factor: 0.3), [1, 1, 1, 0.3, 0.3, 0.3, 0.09, 0.09])
    expect(
      .exponential(factor: 0.9), [1, 0.9, 0.81, 0.729, 0.6561, 0.59049, 0.531441, 0.4782969])
  }

  @Test func theOthersFollowTheirFormulas() {
    expect(.constant, [1, 1, 1])
    expect(.inverseTime(decay: 0.5), [1, 1 / 1.5, 1 / 2.0, 1 / 2.5])
    expect(
      .warmUp(steps: 4, then: .exponential(factor: 0.9)), [0.25, 0.5, 0.75, 1, 1, 0.9, 0.81])
    #expect(LearningRateSchedule.cosine(steps: 6).factor(100) == 0)
  }
}
