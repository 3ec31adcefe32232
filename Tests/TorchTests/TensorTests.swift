import Foundation
import Testing
import Torch

@Suite struct TensorTests {
  @Test func elementsGoInAndComeOutUnchanged() {
    let values = (0..<24).map { Float($0) / 7 }
    let x = Tensor(values, [2, 3, 4])
    #expect(x.floats == values)
    #expect(x.permuted([2, 0, 1]).shape == [4, 2, 3])
    #expect(x.permuted([2, 0, 1]).floats[1] == values[4])
    #expect(Tensor([1, -2], [2]).ints == [1, -2])
    #expect(x.to(.float64).doubles[5] == Double(values[5]))
    #expect((x .> 1.0).bools.filter { $0 }.count == values.filter { $0 > 1 }.count)
  }

  @Test func operatorsReadAsMathematics() {
    let x = Tensor([Float(1), 2, 3, 4], [2, 2])
    let w = Tensor([Float(2), 0, 0, 3], [2, 2])
    #expect((matmul(x, w) + 1.0).floats == [3, 7, 7, 13])
    #expect((2.0 - x / 2.0).floats == [1.5, 1, 0.5, 0])
    #expect((1.0 / x).floats == [1, 0.5, 1 / Float(3), 0.25])
    #expect((-x).clamped(-3...0).floats == [-1, -2, -3, -3])
    #expect(x[0].floats == [1, 2])
    #expect(x[1..<2].shape == [1, 2])
    #expect(`where`(x .> 2.0, x, -x).floats == [-1, -2, 3, 4])
  }

  @Test func normsOfTinyVectorsDoNotUnderflow() {
    let tiny = Tensor([Float](repeating: 1e-25, count: 4), [1, 4])
    #expect(tiny.sampleNorms().item == 0)
    #expect(abs(tiny.scaledSampleNorms().item / 2e-25 - 1) < 1e-6)
    #expect(Tensor.zeros([1, 4], device: .cpu).scaledSampleNorms().item == 0)
  }

  @Test func storageIsReleasedAtOnce() throws {
    func residentMiB() throws -> Double {
      let statm = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
      return (Double(statm.split(separator: " ")[1]) ?? 0) * 4096 / 1_048_576
    }
    guard FileManager.default.fileExists(atPath: "/proc/self/statm") else { return }
    let leaf = Tensor.zeros([1 << 20], device: .cpu).requiringGrad()
    _ = try grad((leaf * leaf).sum(), [leaf])
    let before = try residentMiB()
    // A round's 4 MiB tensors and their graph, were they kept, would come to 6 GiB over all rounds; other tests of this
    // process, which run meanwhile, never hold a third of that.
    for _ in 0..<500 {
      _ = try grad(((leaf * 2.0).exp() * leaf).sum(), [leaf])
    }
    #expect(try residentMiB() - before < 2048)
  }

  @Test func gradientsMatchFiniteDifferences() throws {
    let point = RandomStream(seed: 3, purpose: .start).normal(6)
    func f(_ x: Tensor) -> Tensor { ((x.tanh() * x).exp().sum() + x.square().sum()).log() }
    let x = Tensor(point.map(Double.init), [2, 3]).requiringGrad()
    let gradient = try #require(try grad(f(x), [x])[0]).doubles
    for i in point.indices {
      var up = point.map(Double.init), down = up
      up[i] += 1e-5
      down[i] -= 1e-5
      let slope = (f(Tensor(up, [2, 3])).item - f(Tensor(down, [2, 3])).item) / 2e-5
      #expect(abs(slope - gradient[i]) < 1e-7)
    }
  }

  @Test func nothingIsRecordedWithoutGrad() throws {
    let x = Tensor([Float(1)], [1]).requiringGrad()
    #expect(withoutGrad { x * 2.0 }.requiresGrad == false)
    #expect(withoutGrad { withGrad { x * 2.0 } }.requiresGrad)
    #expect(throws: TorchError.self) { try grad(withoutGrad { x * 2.0 }, [x]) }
    let y = Tensor([Float(1)], [1]).requiringGrad()
    #expect(try grad((x * 2.0).sum(), [x, y])[1] == nil)
  }

  @Test func backwardAccumulatesOnLeaves() throws {
    let x = Tensor([Float(3)], [1]).requiringGrad()
    try (x * x).sum().backward()
    try (x * x).sum().backward()
    #expect(x.gradient?.item == 12)
    x.gradient = nil
    #expect(x.gradient == nil)
  }
}
