import Datasets
import Evaluation
import Foundation
import Testing

@Suite struct AuditTests {
  /// Two pixels by three; training samples on a line, test samples far away unless said otherwise.
  private func input(
    perturbed: [[Float]], index: [Int], succeeded: [Bool]? = nil, reread: [Double]? = nil,
    test: [[Float]] = [[1, 1, 1, 1, 1, 1]], epsilon: Double = 1
  ) -> AuditInput {
    let training =
      [Float](repeating: 0.5, count: 6) + [0.6, 0.5, 0.5, 0.5, 0.5, 0.5] + [Float](repeating: 0.1, count: 6)
    let count = perturbed.count
    let after = (0..<count).map { -0.1 * Double($0) }
    return AuditInput(
      training: Samples(shape: [1, 2, 3], values: training),
      test: Samples(shape: [1, 2, 3], values: test.flatMap(\.self)),
      perturbed: Samples(shape: [1, 2, 3], values: perturbed.flatMap(\.self)), index: index,
      succeeded: succeeded ?? [Bool](repeating: true, count: count),
      criterionBefore: [Double](repeating: 0, count: count), criterionAfter: after,
      criterionReread: reread ?? after, zeroGradients: (0..<count).map { $0 }, epsilon: epsilon)
  }

  private let half: [Float] = [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]

  @Test func sizesAreThoseOfTheRecordsOwnOriginal() throws {
    let audit = try Audit(
      input(perturbed: [[0.8, 0.5, 0.5, 0.5, 0.5, 0.9], [0.1, 0.1, 0.1, 0.1, 0.1, 0.3]], index: [0, 2]))
    #expect(abs(try #require(audit.l2).maximum - 0.5) < 1e-6)
    #expect(abs(try #require(audit.l2).minimum - 0.2) < 1e-6)
    #expect(abs(try #require(audit.lInfinity).maximum - 0.4) < 1e-6)
    #expect(abs(try #require(audit.l2).mean - 0.35) < 1e-6)
    #expect(audit.ssim == nil, "two rows are too few for SSIM")
    #expect(audit.zeroGradients == 1)
    #expect(audit.samplesWithZeroGradients == 1)
  }

  @Test func failuresCountButDoNotBlurTheFigures() throws {
    let audit = try Audit(
      input(perturbed: [[0.8, 0.5, 0.5, 0.5, 0.5, 0.9], half], index: [0, 0], succeeded: [true, false]))
    #expect(audit.count == 2)
    #expect(audit.succeeded == 1)
    #expect(abs(try #require(audit.l2).mean - 0.5) < 1e-6)
    #expect(audit.nearlyUnchanged == 0)
  }

  @Test(arguments: [0.02, .nan])
  func aSuccessThatTheFileDoesNotHoldIsFound(reread: Double) throws {
    let moved: [Float] = [0.8, 0.5, 0.5, 0.5, 0.5, 0.9]
    let audit = try Audit(input(perturbed: [moved, moved], index: [0, 0], reread: [reread, -0.1]))
    #expect(audit.successesLost == 1)
    #expect(audit.findings.contains { $0.contains("1 of 2 successes") })
    let sound = try Audit(input(perturbed: [moved, moved], index: [0, 0]))
    #expect(sound.successesLost == 0)
    #expect(!sound.findings.contains { $0.contains("read back") })
    #expect(sound.shareCriterionActive == 0.5)
  }

  @Test func aUAENearerToAnotherSampleOrToTheTestSetIsFound() throws {
    // The first sits on training sample 1, the second on the test sample, the third beside its own original.
    let test: [Float] = [0.9, 0.9, 0.1, 0.1, 0.9, 0.9]
    let audit = try Audit(
      input(
        perturbed: [[0.59, 0.5, 0.5, 0.5, 0.5, 0.5], test, [0.1, 0.1, 0.1, 0.1, 0.1, 0.11]],
        index: [0, 0, 2],
        test: [test]))
    #expect(audit.testSamplesMet == 1)
    #expect(audit.findings.contains { $0.contains("coincide with a test sample") })
    #expect(abs(audit.nearerToAnother - 2.0 / 3) < 1e-12)
    #expect(abs(try #require(audit.nearestOther).minimum - 0.01) < 1e-6)
    #expect(try #require(audit.nearestTest).minimum == 0)
  }

  @Test func boundsOfTheBoxAndOfEpsilonAreCounted() throws {
    let perturbed: [Float] = [1, 0, 0.5, 0.75, 0.5, 0.6]
    #expect(abs(try Audit(input(perturbed: [perturbed], index: [0])).shareAtBound - 2.0 / 6) < 1e-12)
    #expect(
      abs(try Audit(input(perturbed: [perturbed], index: [0], epsilon: 0.25)).shareAtBound - 3.0 / 6) < 1e-12)
  }

  @Test func figuresAreEncodedByTheirNames() throws {
    let audit = try Audit(input(perturbed: [[0.8, 0.5, 0.5, 0.5, 0.5, 0.9]], index: [0]))
    let data = try JSONEncoder().encode(audit)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect((object["l2"] as? [String: Any])?["median"] != nil)
    #expect(object["successesLost"] as? Int == 0)
    #expect(audit.facts.allSatisfy { !$0.isEmpty && !$0.contains("\n") })
  }

  @Test func nothingSucceededIsNoCrash() throws {
    let audit = try Audit(input(perturbed: [half], index: [0], succeeded: [false]))
    #expect(audit.succeeded == 0)
    #expect(audit.l2 == nil)
    #expect(audit.facts[0].contains("0 of 1"))
  }

  @Test func partsThatDoNotBelongTogetherAreRefused() {
    #expect(throws: QualityError.noSuchSample(3, count: 3)) {
      try Audit(input(perturbed: [half], index: [3]))
    }
    #expect(throws: QualityError.unequalCounts(2, 1)) { try Audit(input(perturbed: [half], index: [0, 1])) }
  }
}
