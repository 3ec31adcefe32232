import CTorch
import Testing
import Torch

@Suite struct RandomStreamTests {
  /// Known answers published with Random123 (`kat_vectors`, philox4x32 with 10 rounds).
  @Test func philoxGivesThePublishedAnswers() {
    func block(_ key: [UInt32], _ position: UInt64, _ index: UInt64) -> [UInt32] {
      var stream = kr_stream()
      stream.key = (key[0], key[1])
      stream.index = index
      var out: [UInt32] = [0, 0, 0, 0]
      kr_block(&stream, position, &out)
      return out
    }
    #expect(block([0, 0], 0, 0) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    #expect(
      block([.max, .max], .max, .max) == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
    #expect(
      block([0xa409_3822, 0x299f_31d0], 0x85a3_08d3_243f_6a88, 0x0370_7344_1319_8a2e)
        == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
  }

  @Test func purposesAreDistinctAndMINEsAreThoseOfTheKernel() {
    let all = RandomStream.Purpose.allCases
    #expect(Set(all.map(\.rawValue)).count == all.count)
    let firsts = all.map { RandomStream(seed: 1, purpose: $0).uniform(4) }
    #expect(Set(firsts).count == all.count)
    #expect(RandomStream.Purpose.mineParameters.rawValue == UInt32(CM_PARAMETERS))
    #expect(RandomStream.Purpose.mineTraining.rawValue == UInt32(CM_TRAINING))
    #expect(RandomStream.Purpose.mineEvaluation.rawValue == UInt32(CM_EVALUATION))
  }

  @Test func momentsAreThoseOfTheDistributions() {
    let n = 100_000
    let stream = RandomStream(seed: 7, purpose: .start, index: 11)
    let uniform = stream.uniform(n), normal = stream.normal(n)
    #expect(uniform.allSatisfy { 0 <= $0 && $0 < 1 })
    let mean = { (x: [Float]) in x.reduce(0.0) { $0 + Double($1) } / Double(n) }
    #expect(abs(mean(uniform) - 0.5) < 0.005)
    #expect(abs(mean(normal)) < 0.015)
    #expect(abs(mean(normal.map { $0 * $0 }) - 1) < 0.02)
    #expect(abs(mean(normal.map { $0 * $0 * $0 * $0 }) - 3) < 0.12)
  }

  @Test func permutationsArePermutationsAndDiffer() {
    let stream = RandomStream(seed: 1, purpose: .dataOrder)
    var seen: Set<[Int]> = []
    for position in 0..<20 {
      let order = stream.permutation(97, position: UInt64(position) * 1000)
      #expect(order.sorted() == Array(0..<97))
      seen.insert(order)
    }
    #expect(seen.count == 20)
  }

  @Test func seedsPurposesAndIndicesGiveOtherNumbers() {
    let base = RandomStream(seed: 1, purpose: .start, index: 5).uniform(8)
    #expect(base == RandomStream(seed: 1, purpose: .start, index: 5).uniform(8))
    #expect(base != RandomStream(seed: 2, purpose: .start, index: 5).uniform(8))
    #expect(base != RandomStream(seed: 1, purpose: .partner, index: 5).uniform(8))
    #expect(base != RandomStream(seed: 1, purpose: .start, index: 6).uniform(8))
    #expect(
      Array(RandomStream(seed: 1, purpose: .start, index: 5).uniform(4, position: 1)) == Array(base[4...]))
  }
}
