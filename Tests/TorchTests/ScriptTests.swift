import Foundation
import Testing
import Torch

@Suite struct ScriptTests {
  @Test func aModuleSurvivesSavingAndLoading() throws {
    let module = try Script.create("Doubler")
    try module.register("weight", Tensor([Float(2), 3], [2]))
    try module.define("def forward(self, x):\n  return x * self.weight\n")
    let path = NSTemporaryDirectory() + "script-\(UUID().uuidString).pt"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try module.save(path)
    let loaded = try Script.load(path)
    try loaded.freeze()
    #expect(loaded.tensorNames == ["weight"])
    let x = Tensor([Float(1), 1], [2]).requiringGrad()
    #expect(try loaded(x).floats == [2, 3])
    #expect(try grad(try loaded(x).sum(), [x])[0]?.floats == [2, 3])
  }

  @Test func whatIsNoScriptIsRefused() throws {
    let path = NSTemporaryDirectory() + "script-\(UUID().uuidString).pt"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("not a model".utf8).write(to: URL(fileURLWithPath: path))
    #expect(throws: TorchError.self) { try Script.load(path) }
    #expect(throws: TorchError.self) { try Script.load(path + ".missing") }
  }

  @Test func failuresInsideAScriptAreOneLine() throws {
    let module = try Script.create("Bad")
    try module.define("def forward(self, x):\n  return x.reshape([7, 7])\n")
    let error = #expect(throws: TorchError.self) { try module(Tensor.zeros([3], device: .cpu)) }
    #expect(error?.description.contains("\n") == false)
    #expect(throws: TorchError.self) { try module(Tensor.zeros([3], device: .cpu), method: "encode") }
  }

  @Test func submodulesAndArgumentsAreKnownByName() throws {
    let inner = try Script.create("Inner")
    try inner.define("def forward(self, x):\n  return x * 3\n")
    let outer = try Script.create("Outer")
    try outer.register("inner", inner)
    try outer.define(
      """
      def forward(self, x):
        return self.inner.forward(x) + 1
      def loss(self, perturbed, original):
        return (perturbed - original).flatten(1).mean(1)
      """)
    #expect(outer.submoduleNames == ["inner"])
    #expect(try outer(Tensor([Float(2)], [1])).floats == [7])
    #expect(try outer.submodule("inner")(Tensor([Float(2)], [1])).floats == [6])
    #expect(try outer.argumentNames("loss") == ["perturbed", "original"])
    let error = #expect(throws: TorchError.self) { try outer.argumentNames("encode") }
    #expect(error?.description.contains("forward, loss") == true)
  }

  @Test func everyCallOfAScriptGivesTheSameBits() throws {
    let module = try Script.create("Chain")
    try module.define("def forward(self, x):\n  return torch.tanh(torch.sigmoid(x * 1.7 + 0.3) * x).exp()\n")
    let x = Tensor(RandomStream(seed: 3, purpose: .start, index: 0).normal(1000), [10, 100])
    let first = try module(x).floats
    for _ in 0..<5 { #expect(try module(x).floats == first) }
  }
}
